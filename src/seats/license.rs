//! Licenses: what was bought, checked against the catalog, and the phases of its life.

use alloc::borrow::ToOwned as _;
use alloc::boxed::Box;
use alloc::format;
use alloc::string::String;
use alloc::vec;
use alloc::vec::Vec;

use super::figures::Quantity;
use crate::catalog::{Cap, Catalog, Entries, ProfileId};
use crate::name::{Name, NameError};
use crate::time::Timestamp;

/// What was bought, as people write it: seats per profile, a total, add-ons, an edition, dates (rules S3, S12, S14).
///
/// Numbers are kept as written and checked when the license is installed, so that a negative one is refused
/// with its reason and never read as something else.
///
/// ```
/// use entitle::{License, Timestamp};
///
/// let license = License::new("acme-2026")
///     .edition("enterprise")
///     .add_on("studios")
///     .seats("designer", 25)
///     .seats_with_extra("analyst", 100, 10)
///     .unlimited("reader")
///     .total(1_000)
///     .starts_at(Timestamp::from_millis(1_700_000_000_000))
///     .expires_at(Timestamp::from_millis(1_800_000_000_000))
///     .grace_ms(14 * 24 * 60 * 60 * 1_000);
/// assert_eq!(license.name, "acme-2026");
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(deny_unknown_fields))]
#[must_use]
pub struct License {
    /// The contract's name.
    pub name: String,
    /// The edition that it must fit (rule S14).
    #[cfg_attr(feature = "serde", serde(default, skip_serializing_if = "Option::is_none"))]
    pub edition: Option<String>,
    /// The seats of each counted profile; a profile that is not named is not offered (rule S3).
    #[cfg_attr(feature = "serde", serde(default, skip_serializing_if = "Entries::is_empty"))]
    pub seats: Entries<SeatFigure>,
    /// The most seats over all counted profiles; no cap if left out.
    #[cfg_attr(feature = "serde", serde(default, skip_serializing_if = "Option::is_none"))]
    pub total: Option<i64>,
    /// The add-ons that were bought (rule S13).
    #[cfg_attr(feature = "serde", serde(default, skip_serializing_if = "Vec::is_empty"))]
    pub add_ons: Vec<String>,
    /// When it begins, in milliseconds since the Unix epoch; always if left out.
    #[cfg_attr(feature = "serde", serde(default, skip_serializing_if = "Option::is_none"))]
    pub starts_at: Option<i64>,
    /// When it is over, in milliseconds since the Unix epoch; never if left out.
    #[cfg_attr(feature = "serde", serde(default, skip_serializing_if = "Option::is_none"))]
    pub expires_at: Option<i64>,
    /// How many milliseconds it goes on as before after it is over.
    #[cfg_attr(feature = "serde", serde(default, skip_serializing_if = "is_zero"))]
    pub grace_ms: i64,
}

#[cfg(feature = "serde")]
#[expect(clippy::trivially_copy_pass_by_ref, reason = "the form that serde asks for")]
const fn is_zero(number: &i64) -> bool {
    *number == 0
}

/// The seats of one profile in a license, as written.
///
/// See the example of [`License`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SeatFigure {
    /// The licensed seats; `None` is unlimited.
    pub seats: Option<i64>,
    /// Seats above those, if the contract allows them.
    pub extra: i64,
}

impl License {
    /// A license without seats, limits or dates.
    ///
    /// See the example of [`License`].
    pub fn new(name: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            edition: None,
            seats: Entries::default(),
            total: None,
            add_ons: Vec::new(),
            starts_at: None,
            expires_at: None,
            grace_ms: 0,
        }
    }

    /// Names the edition that the license must fit.
    ///
    /// See the example of [`License`].
    pub fn edition(mut self, edition: impl Into<String>) -> Self {
        self.edition = Some(edition.into());
        self
    }

    /// Gives a profile this many seats.
    ///
    /// See the example of [`License`].
    pub fn seats(self, profile: impl Into<String>, seats: i64) -> Self {
        self.seats_with_extra(profile, seats, 0)
    }

    /// Gives a profile this many seats, and extra ones above them.
    ///
    /// See the example of [`License`].
    pub fn seats_with_extra(mut self, profile: impl Into<String>, seats: i64, extra: i64) -> Self {
        self.seats.0.push((profile.into(), SeatFigure { seats: Some(seats), extra }));
        self
    }

    /// Gives a profile seats without limit.
    ///
    /// See the example of [`License`].
    pub fn unlimited(mut self, profile: impl Into<String>) -> Self {
        self.seats.0.push((profile.into(), SeatFigure { seats: None, extra: 0 }));
        self
    }

    /// Caps the seats over all counted profiles.
    ///
    /// See the example of [`License`].
    pub fn total(mut self, total: i64) -> Self {
        self.total = Some(total);
        self
    }

    /// Adds an add-on.
    ///
    /// See the example of [`License`].
    pub fn add_on(mut self, add_on: impl Into<String>) -> Self {
        self.add_ons.push(add_on.into());
        self
    }

    /// Says when the license begins.
    ///
    /// See the example of [`License`].
    pub fn starts_at(mut self, at: Timestamp) -> Self {
        self.starts_at = Some(i64::try_from(at.as_millis()).unwrap_or(i64::MAX));
        self
    }

    /// Says when the license is over.
    ///
    /// See the example of [`License`].
    pub fn expires_at(mut self, at: Timestamp) -> Self {
        self.expires_at = Some(i64::try_from(at.as_millis()).unwrap_or(i64::MAX));
        self
    }

    /// Says for how many milliseconds it goes on as before after it is over.
    ///
    /// See the example of [`License`].
    pub fn grace_ms(mut self, millis: i64) -> Self {
        self.grace_ms = millis;
        self
    }

    /// The same license in the one form in which equal contents are equal.
    fn normalized(mut self) -> Self {
        self.seats.0.sort();
        self.add_ons.sort_unstable();
        self.add_ons.dedup();
        self.starts_at = self.starts_at.filter(|&start| start != 0);
        self
    }
}

impl PartialOrd for SeatFigure {
    fn partial_cmp(&self, other: &Self) -> Option<core::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for SeatFigure {
    fn cmp(&self, other: &Self) -> core::cmp::Ordering {
        (self.seats, self.extra).cmp(&(other.seats, other.extra))
    }
}

/// Why a license cannot be installed.
///
/// See the example of [`License`].
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LicenseError {
    /// Its name is malformed (rule C6).
    #[error("the license's name: {0}")]
    Name(#[source] NameError),
    /// It gives seats of a profile that the catalog does not declare.
    #[error("license `{license}` names the unknown profile `{profile}`")]
    UnknownProfile {
        /// The license.
        license: String,
        /// The profile.
        profile: String,
    },
    /// It contradicts itself, its edition or the catalog (rule S14).
    #[error("license `{license}`: {reason}")]
    Invalid {
        /// The license.
        license: String,
        /// What stands against it.
        reason: String,
    },
}

/// The phases of a license's life (rule S12).
///
/// ```
/// use entitle::seats::Phase;
///
/// assert!(Phase::Grace.admits() && !Phase::Grace.cuts());
/// assert!(Phase::Lapsed.cuts() && !Phase::Lapsed.admits());
/// assert_eq!(Phase::Pending.as_str(), "pending");
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "snake_case"))]
pub enum Phase {
    /// No license is installed.
    #[default]
    None,
    /// It has not begun.
    Pending,
    /// It is in force.
    Active,
    /// It is over and goes on as before for a while.
    Grace,
    /// It is over.
    Lapsed,
}

impl Phase {
    /// Whether seats can be taken: active or in grace.
    ///
    /// See the example of [`Phase`].
    #[must_use]
    pub const fn admits(self) -> bool {
        matches!(self, Self::Active | Self::Grace)
    }

    /// Whether the catalog's lapsed ceiling cuts: pending or lapsed.
    ///
    /// See the example of [`Phase`].
    #[must_use]
    pub const fn cuts(self) -> bool {
        matches!(self, Self::Pending | Self::Lapsed)
    }

    /// The phase's name as scenarios and messages write it.
    ///
    /// See the example of [`Phase`].
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Pending => "pending",
            Self::Active => "active",
            Self::Grace => "grace",
            Self::Lapsed => "lapsed",
        }
    }
}

/// A license that was checked against the catalog: the limits that the ledger keeps.
#[derive(Debug)]
pub(crate) struct Terms {
    license: License,
    limits: Box<[Option<Limit>]>,
    cap: Option<u64>,
    add_ons: Vec<Name>,
    starts_at: Option<Timestamp>,
    expires_at: Option<Timestamp>,
    lapses_at: Option<Timestamp>,
}

/// The seats of one offered profile.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Limit {
    pub(crate) seats: Quantity,
    pub(crate) extra: u64,
}

impl Terms {
    /// Checks a license against the catalog (rule S14).
    pub(crate) fn new(license: License, catalog: &Catalog) -> Result<Self, LicenseError> {
        let license = license.normalized();
        Name::new(&license.name).map_err(LicenseError::Name)?;
        let check = Check { license: &license, catalog };
        let limits = check.limits()?;
        let cap = check.total()?;
        let add_ons = check.add_ons()?;
        let starts_at = check.moment("starts_at", license.starts_at)?;
        let expires_at = check.moment("expires_at", license.expires_at)?;
        let grace = check.count("grace_ms", license.grace_ms)?;
        let start = starts_at.unwrap_or(Timestamp::EPOCH);
        if let Some(end) = expires_at.filter(|&end| end <= start) {
            return Err(check.invalid(format!("it ends at {end}, which is not after its start at {start}")));
        }
        let lapses_at = expires_at.map(|end| end.plus_millis(grace));
        Ok(Self { license, limits, cap, add_ons, starts_at, expires_at, lapses_at })
    }

    pub(crate) fn license(&self) -> &License {
        &self.license
    }

    /// Returns the start; the epoch if the license names none.
    pub(crate) fn starts_at(&self) -> Timestamp {
        self.starts_at.unwrap_or(Timestamp::EPOCH)
    }

    /// The seats of a profile; none if it is not offered.
    pub(crate) fn limit(&self, profile: ProfileId) -> Option<Limit> {
        self.limits.get(profile.index()).copied().flatten()
    }

    pub(crate) fn cap(&self) -> Option<u64> {
        self.cap
    }

    pub(crate) fn has_add_on(&self, name: &str) -> bool {
        self.add_ons.iter().any(|add_on| &**add_on == name)
    }

    /// The phase at a moment: a thing is over at its end, and grace lasts while t < end + grace (rule C5).
    pub(crate) fn phase(&self, now: Timestamp) -> Phase {
        if self.starts_at.is_some_and(|start| now < start) {
            Phase::Pending
        } else if self.expires_at.is_none_or(|end| now < end) {
            Phase::Active
        } else if self.lapses_at.is_none_or(|end| now < end) {
            Phase::Grace
        } else {
            Phase::Lapsed
        }
    }

    /// When the phase that is in force at a moment ends by itself.
    pub(crate) fn next_phase_at(&self, now: Timestamp) -> Option<Timestamp> {
        let boundaries = [self.starts_at, self.expires_at, self.lapses_at];
        boundaries.into_iter().flatten().filter(|&boundary| boundary > now).min()
    }
}

/// A license while it is being checked.
struct Check<'a> {
    license: &'a License,
    catalog: &'a Catalog,
}

impl Check<'_> {
    fn invalid(&self, reason: String) -> LicenseError {
        LicenseError::Invalid { license: self.license.name.clone(), reason }
    }

    fn count(&self, what: &str, number: i64) -> Result<u64, LicenseError> {
        u64::try_from(number).map_err(|_| self.invalid(format!("`{what}` is {number}, which is negative")))
    }

    fn moment(&self, what: &str, millis: Option<i64>) -> Result<Option<Timestamp>, LicenseError> {
        millis.map(|millis| self.count(what, millis).map(Timestamp::from_millis)).transpose()
    }

    fn edition(&self) -> Result<Option<&crate::catalog::Edition>, LicenseError> {
        let Some(name) = &self.license.edition else { return Ok(None) };
        let unknown = || self.invalid(format!("the edition `{name}` is unknown"));
        self.catalog.edition(name).map(Some).ok_or_else(unknown)
    }

    fn limits(&self) -> Result<Box<[Option<Limit>]>, LicenseError> {
        let edition = self.edition()?;
        let mut limits = vec![None; self.catalog.profile_count()];
        for (name, profile, figure) in self.named_profiles()? {
            let limit = self.limit(name, profile, figure, edition)?;
            if limits.get_mut(profile.index()).and_then(|entry| entry.replace(limit)).is_some() {
                return Err(self.invalid(format!("profile `{name}` is named twice")));
            }
        }
        for (entry, cap) in limits.iter_mut().zip(edition.iter().flat_map(|edition| &edition.caps)) {
            if entry.is_none() && *cap == Some(Cap::Unlimited) {
                *entry = Some(Limit { seats: Quantity::Unlimited, extra: 0 });
            }
        }
        Ok(limits.into())
    }

    /// The profiles that the license names, all of them known.
    fn named_profiles(&self) -> Result<Vec<(&str, ProfileId, SeatFigure)>, LicenseError> {
        let find = |(name, figure): (&'_ str, &SeatFigure)| {
            let unknown = || LicenseError::UnknownProfile {
                license: self.license.name.clone(),
                profile: name.to_owned(),
            };
            Ok((self.catalog.profile(name).ok_or_else(unknown)?, *figure))
        };
        self.license
            .seats
            .iter()
            .map(|entry| find(entry).map(|(profile, figure)| (entry.0, profile, figure)))
            .collect()
    }

    fn limit(
        &self,
        name: &str,
        profile: ProfileId,
        figure: SeatFigure,
        edition: Option<&crate::catalog::Edition>,
    ) -> Result<Limit, LicenseError> {
        if self.catalog.is_exempt(profile) {
            return Err(self.invalid(format!("profile `{name}` is exempt and has no seats to give")));
        }
        let seats = match figure.seats {
            Some(seats) => Quantity::Count(self.count(name, seats)?),
            None => Quantity::Unlimited,
        };
        let extra = self.count(name, figure.extra)?;
        let Some(edition) = edition else { return Ok(Limit { seats, extra }) };
        match edition.caps.get(profile.index()).copied().flatten() {
            None => Err(self.invalid(format!("its edition does not offer profile `{name}`"))),
            Some(Cap::AtMost(cap)) if seats.plus(extra) > Quantity::Count(cap) => {
                let asked = seats.plus(extra);
                Err(self.invalid(format!("{asked} seats of `{name}` are more than its edition's {cap}")))
            }
            Some(_) => Ok(Limit { seats, extra }),
        }
    }

    fn total(&self) -> Result<Option<u64>, LicenseError> {
        let edition = self.edition()?.and_then(|edition| edition.total);
        let Some(total) = self.license.total else { return Ok(edition) };
        let total = self.count("total", total)?;
        if let Some(most) = edition.filter(|&most| total > most) {
            return Err(self.invalid(format!("a total of {total} is more than its edition's {most}")));
        }
        Ok(Some(total))
    }

    fn add_ons(&self) -> Result<Vec<Name>, LicenseError> {
        let sold = self.edition()?.is_none_or(|edition| edition.add_ons);
        let check = |name: &String| {
            if !self.catalog.has_add_on(name) {
                return Err(self.invalid(format!("the add-on `{name}` is unknown")));
            }
            if !sold {
                return Err(self.invalid(format!("its edition has no add-ons, and it names `{name}`")));
            }
            Name::new(name).map_err(LicenseError::Name)
        };
        self.license.add_ons.iter().map(check).collect()
    }
}
