//! The license: its seats, and its phases (S3, S12, S14).

use super::catalog::{Catalog, Offer};
use super::names::is_name;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// The seats of one profile; `None` is unlimited.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Figure {
    pub seats: Option<u64>,
    pub extra: u64,
}

impl Figure {
    /// The standard and the extra seats together; `None` is unlimited.
    pub fn most(&self) -> Option<u64> {
        self.seats.map(|seats| seats.saturating_add(self.extra))
    }
}

/// A license. A field that was left out has its default here, so that equal content is equal (S14).
#[derive(Clone, Debug, PartialEq)]
pub struct License {
    pub name: String,
    pub edition: Option<String>,
    pub seats: BTreeMap<String, Figure>,
    pub total: Option<u64>,
    pub add_ons: BTreeSet<String>,
    pub starts_at: u64,
    pub expires_at: Option<u64>,
    pub grace_ms: u64,
}

/// S12: the phase of a license at a time.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Phase {
    None,
    Pending,
    Active,
    Grace,
    Lapsed,
}

impl Phase {
    pub fn name(self) -> &'static str {
        match self {
            Phase::None => "none",
            Phase::Pending => "pending",
            Phase::Active => "active",
            Phase::Grace => "grace",
            Phase::Lapsed => "lapsed",
        }
    }

    /// S12: grace behaves as active.
    pub fn gives_seats(self) -> bool {
        self == Phase::Active || self == Phase::Grace
    }

    /// S12: in these two phases the lapsed ceiling applies.
    pub fn is_cut(self) -> bool {
        self == Phase::Pending || self == Phase::Lapsed
    }

    /// S12, C5: a license has expired at its `expires_at`; grace lasts until `expires_at + grace`.
    pub fn at(license: Option<&License>, at: u64) -> Phase {
        let Some(license) = license else { return Phase::None };
        if at < license.starts_at {
            return Phase::Pending;
        }
        let Some(expires_at) = license.expires_at else { return Phase::Active };
        if at < expires_at {
            Phase::Active
        } else if at < expires_at.saturating_add(license.grace_ms) {
            Phase::Grace
        } else {
            Phase::Lapsed
        }
    }
}

impl License {
    /// S3, S14: the seats of a counted profile, if it is offered at all.
    pub fn figure(&self, catalog: &Catalog, profile: &str) -> Option<Figure> {
        if let Some(figure) = self.seats.get(profile) {
            return Some(*figure);
        }
        // S14: the edition itself may offer it without limit if the license does not name it.
        let edition = catalog.editions.get(self.edition.as_ref()?)?;
        match edition.profiles.get(profile) {
            Some(Offer::Unlimited) => Some(Figure { seats: None, extra: 0 }),
            _ => None,
        }
    }

    /// S3, S14: the limit over all counted profiles; that of the edition if the license has none.
    pub fn cap(&self, catalog: &Catalog) -> Option<u64> {
        if self.total.is_some() {
            return self.total;
        }
        catalog.editions.get(self.edition.as_ref()?)?.total
    }

    /// Reads the fields of `install_license`, whose shape has been checked before. The faults are
    /// reported in the order of the fields (C8).
    pub fn read(body: &Value, catalog: &Catalog) -> Result<License, String> {
        let name = body["name"].as_str().unwrap().to_string();
        if !is_name(&name) {
            return Err("invalid_name".into());
        }
        let edition = body["edition"].as_str().map(str::to_string);
        if edition.as_ref().is_some_and(|edition| !catalog.editions.contains_key(edition)) {
            return Err("license_invalid".into());
        }
        let seats = read_seats(&body["seats"], catalog)?;
        let total = optional(&body["total"])?;
        let mut add_ons = BTreeSet::new();
        for add_on in body["add_ons"].as_array().unwrap_or(&Vec::new()) {
            let add_on = add_on.as_str().unwrap();
            if !catalog.add_ons.contains_key(add_on) {
                return Err("license_invalid".into());
            }
            add_ons.insert(add_on.to_string());
        }
        let starts_at = optional(&body["starts_at"])?.unwrap_or(0);
        let expires_at = optional(&body["expires_at"])?;
        let grace_ms = optional(&body["grace_ms"])?.unwrap_or(0);
        if expires_at.is_some_and(|expires_at| expires_at <= starts_at) {
            return Err("license_invalid".into());
        }
        let license = License { name, edition, seats, total, add_ons, starts_at, expires_at, grace_ms };
        if license.fits_its_edition(catalog) { Ok(license) } else { Err("license_invalid".into()) }
    }

    /// S14: a license that names an edition must fit it.
    fn fits_its_edition(&self, catalog: &Catalog) -> bool {
        let Some(name) = &self.edition else { return true };
        let edition = &catalog.editions[name];
        for (profile, figure) in &self.seats {
            let fits = match edition.profiles.get(profile) {
                None => false,
                Some(Offer::Cap(cap)) => figure.most().is_some_and(|most| most <= *cap),
                Some(Offer::AsLicensed | Offer::Unlimited) => true,
            };
            if !fits {
                return false;
            }
        }
        let total_fits = match (self.total, edition.total) {
            (Some(total), Some(most)) => total <= most,
            _ => true,
        };
        total_fits && (edition.add_ons || self.add_ons.is_empty())
    }
}

fn read_seats(value: &Value, catalog: &Catalog) -> Result<BTreeMap<String, Figure>, String> {
    let mut seats = BTreeMap::new();
    let Some(map) = value.as_object() else { return Ok(seats) };
    // The order of the profiles does not matter: an unknown one is reported first.
    for profile in map.keys() {
        if catalog.profile(profile).is_none() {
            return Err("unknown_profile".into());
        }
    }
    for (profile, figure) in map {
        // S2: an exempt profile needs no seat, so a figure for it is a mistake.
        if catalog.is_exempt(profile) {
            return Err("license_invalid".into());
        }
        let (standard, extra) = match figure.as_object() {
            None => (figure, &Value::Null),
            Some(both) => (&both["seats"], both.get("extra").unwrap_or(&Value::Null)),
        };
        let standard = if standard == "unlimited" { None } else { optional(standard)? };
        let extra = optional(extra)?.unwrap_or(0);
        seats.insert(profile.clone(), Figure { seats: standard, extra });
    }
    Ok(seats)
}

/// S14: a negative number anywhere in a license makes it invalid.
fn optional(value: &Value) -> Result<Option<u64>, String> {
    if value.is_null() {
        return Ok(None);
    }
    match value.as_u64() {
        Some(number) => Ok(Some(number)),
        None => Err("license_invalid".into()),
    }
}
