//! Licenses: seat limits, add-ons and dates, and their validation against the catalog.

use alloc::borrow::ToOwned as _;
use alloc::boxed::Box;
use alloc::string::String;
use alloc::vec;
use alloc::vec::Vec;
use core::fmt;
use core::time::Duration;

use super::figures::Quantity;
use crate::catalog::{Cap, Catalog, Entries, ProfileId};
use crate::name::{Name, NameError};
use crate::time::Timestamp;

/// A license: seats per profile, a total, add-ons, an edition and dates (rules S3, S12, S14).
///
/// A license is validated when it is installed. Numbers are kept as written until then, so that a license file with
/// a negative number is refused with its reason.
///
/// ```
/// # use entitle::catalog::{Catalog, Profile};
/// # use entitle::{Batch, Directory, License, Timestamp};
/// # let catalog = Catalog::builder().profile(Profile::new("designer")).profile(Profile::new("reader")).build()?;
/// let license = License::new("acme-2026").seats("designer", 25).unlimited("reader");
/// let directory = Directory::new(catalog).plan(Batch::host(Timestamp::EPOCH).add(license))?.into_directory();
/// assert_eq!(directory.license().unwrap().name, "acme-2026");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(expecting = "an object"))]
#[cfg_attr(feature = "serde", serde(deny_unknown_fields))]
#[must_use]
pub struct License {
    /// The name of the contract.
    pub name: String,
    /// The edition whose limits the license must respect (rule S14).
    #[cfg_attr(feature = "serde", serde(default, skip_serializing_if = "Option::is_none"))]
    pub edition: Option<String>,
    /// The seats of each counted profile; an unlisted profile is not offered (rule S3).
    #[cfg_attr(feature = "serde", serde(default, skip_serializing_if = "Entries::is_empty"))]
    pub seats: Entries<SeatAllowance>,
    #[cfg_attr(feature = "serde", serde(default, skip_serializing_if = "Option::is_none"))]
    total: Option<i64>,
    /// The add-ons (rule S13).
    #[cfg_attr(feature = "serde", serde(default, skip_serializing_if = "Vec::is_empty"))]
    pub add_ons: Vec<String>,
    #[cfg_attr(feature = "serde", serde(default, skip_serializing_if = "Option::is_none"))]
    starts_at: Option<i64>,
    #[cfg_attr(feature = "serde", serde(default, skip_serializing_if = "Option::is_none"))]
    expires_at: Option<i64>,
    #[cfg_attr(feature = "serde", serde(default, skip_serializing_if = "is_zero"))]
    grace_ms: i64,
}

#[cfg(feature = "serde")]
#[expect(clippy::trivially_copy_pass_by_ref, reason = "the signature that serde requires")]
const fn is_zero(number: &i64) -> bool {
    *number == 0
}

/// The seats of one profile in a license.
///
/// ```
/// use entitle::License;
/// use entitle::seats::Quantity;
///
/// let license = License::new("acme-2026").seats_with_extra("analyst", 100, 10);
/// let analysts = license.seats.get("analyst").unwrap();
/// assert_eq!((analysts.seats(), analysts.extra()), (Quantity::Count(100), 10));
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct SeatAllowance {
    /// The licensed seats as written; `None` is unlimited.
    pub(super) seats: Option<i64>,
    /// The extra seats as written.
    pub(super) extra: i64,
}

impl SeatAllowance {
    /// Creates an allowance from the licensed seats and the extra seats above them.
    ///
    /// Counts above `i64::MAX` become `i64::MAX`.
    #[must_use]
    pub fn new(seats: Quantity, extra: u64) -> Self {
        let seats = match seats {
            Quantity::Count(seats) => Some(signed(seats)),
            Quantity::Unlimited => None,
        };
        Self { seats, extra: signed(extra) }
    }

    /// Returns the licensed seats; 0 if the written number is negative.
    #[must_use]
    pub fn seats(self) -> Quantity {
        self.seats.map_or(Quantity::Unlimited, |seats| Quantity::Count(unsigned(seats)))
    }

    /// Returns the extra seats above the licensed ones; 0 if the written number is negative.
    #[must_use]
    pub fn extra(self) -> u64 {
        unsigned(self.extra)
    }
}

/// Converts to the signed form of license files; saturates at `i64::MAX`.
fn signed(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

/// Converts from the signed form of license files; a negative number becomes 0.
fn unsigned(number: i64) -> u64 {
    u64::try_from(number).unwrap_or(0)
}

impl License {
    /// Creates a license without seats, add-ons, total or dates.
    ///
    /// ```
    /// use core::time::Duration;
    /// use entitle::{License, Timestamp};
    ///
    /// let license = License::new("acme-2026").seats("designer", 25);
    /// assert_eq!((license.start(), license.expiry()), (None, None));
    /// assert_eq!(license.grace_period(), Duration::ZERO);
    /// ```
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

    /// Sets the edition whose limits the license must respect (rule S14).
    pub fn edition(mut self, edition: impl Into<String>) -> Self {
        self.edition = Some(edition.into());
        self
    }

    /// Adds a profile with a number of seats.
    ///
    /// A license that lists a profile twice is refused when it is installed.
    pub fn seats(self, profile: impl Into<String>, seats: u64) -> Self {
        self.seats_with_extra(profile, seats, 0)
    }

    /// Adds a profile with a number of seats, and extra seats above them.
    ///
    /// Extra seats are used only if the seat policy answers [`Answer::Extra`](crate::seats::Answer::Extra).
    pub fn seats_with_extra(self, profile: impl Into<String>, seats: u64, extra: u64) -> Self {
        self.figure(profile.into(), SeatAllowance::new(Quantity::Count(seats), extra))
    }

    /// Adds a profile with unlimited seats.
    pub fn unlimited(self, profile: impl Into<String>) -> Self {
        self.figure(profile.into(), SeatAllowance::new(Quantity::Unlimited, 0))
    }

    fn figure(mut self, profile: String, figure: SeatAllowance) -> Self {
        self.seats.0.push((profile, figure));
        self
    }

    /// Sets the maximum number of seats over all counted profiles (rule S3).
    ///
    /// ```
    /// use entitle::License;
    /// use entitle::seats::Quantity;
    ///
    /// let license = License::new("acme-2026").unlimited("designer").unlimited("reader");
    /// assert_eq!(license.cap(), Quantity::Unlimited);
    /// assert_eq!(license.total(1_000).cap(), Quantity::Count(1_000));
    /// ```
    pub fn total(mut self, total: u64) -> Self {
        self.total = Some(signed(total));
        self
    }

    /// Adds an add-on (rule S13).
    pub fn add_on(mut self, add_on: impl Into<String>) -> Self {
        self.add_ons.push(add_on.into());
        self
    }

    /// Sets the time from which the license is active.
    pub fn starts_at(mut self, at: Timestamp) -> Self {
        self.starts_at = Some(signed(at.as_millis()));
        self
    }

    /// Sets the time at which the license expires.
    pub fn expires_at(mut self, at: Timestamp) -> Self {
        self.expires_at = Some(signed(at.as_millis()));
        self
    }

    /// Sets the grace period: the time after the expiry during which seats can still be taken.
    ///
    /// The part of `period` below a millisecond is dropped.
    ///
    /// ```
    /// use core::time::Duration;
    /// use entitle::{License, Timestamp};
    ///
    /// let two_weeks = Duration::from_secs(14 * 24 * 60 * 60);
    /// let license = License::new("acme-2026")
    ///     .expires_at(Timestamp::from_millis(1_800_000_000_000))
    ///     .grace(two_weeks);
    /// assert_eq!(license.grace_period(), two_weeks);
    /// ```
    pub fn grace(mut self, period: Duration) -> Self {
        self.grace_ms = i64::try_from(period.as_millis()).unwrap_or(i64::MAX);
        self
    }

    /// Returns the maximum number of seats over all counted profiles; 0 if the written number is negative.
    #[must_use]
    pub fn cap(&self) -> Quantity {
        self.total.map_or(Quantity::Unlimited, |total| Quantity::Count(unsigned(total)))
    }

    /// Returns the time from which the license is active, or `None` if it has no start.
    ///
    /// A start at [`Timestamp::EPOCH`] is dropped when the license is installed.
    #[must_use]
    pub fn start(&self) -> Option<Timestamp> {
        self.starts_at.map(|at| Timestamp::from_millis(unsigned(at)))
    }

    /// Returns the time at which the license expires, or `None` if it never does.
    #[must_use]
    pub fn expiry(&self) -> Option<Timestamp> {
        self.expires_at.map(|at| Timestamp::from_millis(unsigned(at)))
    }

    /// Returns the grace period after the expiry; zero by default.
    #[must_use]
    pub fn grace_period(&self) -> Duration {
        Duration::from_millis(unsigned(self.grace_ms))
    }

    /// Sorts and deduplicates, so that licenses with equal content are equal.
    fn normalized(mut self) -> Self {
        self.seats.0.sort();
        self.add_ons.sort_unstable();
        self.add_ons.dedup();
        self.starts_at = self.starts_at.filter(|&start| start != 0);
        self
    }
}

/// An error in a license, found when it is installed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum LicenseError {
    /// The name of the license or of an add-on is malformed (rule C6).
    #[error("invalid license name: {0}")]
    Name(#[source] NameError),
    /// The license lists a profile that the catalog does not declare.
    #[error("license `{license}` lists unknown profile `{profile}`")]
    UnknownProfile {
        /// The name of the license.
        license: String,
        /// The unknown name.
        profile: String,
    },
    /// The license contradicts itself, its edition or the catalog (rule S14).
    #[error("license `{license}`: {conflict}")]
    Invalid {
        /// The name of the license.
        license: String,
        /// The contradiction.
        #[source]
        conflict: LicenseConflict,
    },
}

/// A contradiction within a license, or between a license and its edition or the catalog (rule S14).
///
/// ```
/// use entitle::seats::LicenseConflict;
///
/// let conflict = LicenseConflict::TotalAboveEdition { total: 30, cap: 20 };
/// assert_eq!(conflict.to_string(), "total is too high: 30, the limit of its edition is 20");
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum LicenseConflict {
    /// A number is negative.
    Negative {
        /// The field, as in the serialized form: `total`, `starts_at`, `expires_at` or `grace_ms`.
        field: &'static str,
        /// The number as written.
        value: i64,
    },
    /// The seats or the extra seats of a profile are negative.
    NegativeSeats {
        /// The profile.
        profile: String,
        /// The number as written.
        seats: i64,
    },
    /// The license does not expire after its start.
    EmptyPeriod {
        /// The start; [`Timestamp::EPOCH`] if the license has none.
        starts_at: Timestamp,
        /// The expiry.
        expires_at: Timestamp,
    },
    /// The catalog does not declare the edition.
    UnknownEdition {
        /// The unknown name.
        edition: String,
    },
    /// A profile is listed twice.
    DuplicateProfile {
        /// The profile.
        profile: String,
    },
    /// A listed profile is exempt and has no seats (rule S2).
    ExemptProfile {
        /// The profile.
        profile: String,
    },
    /// The edition does not offer a listed profile.
    ProfileNotInEdition {
        /// The profile.
        profile: String,
    },
    /// A profile has more seats than the edition allows.
    SeatsAboveEdition {
        /// The profile.
        profile: String,
        /// The seats and extra seats of the license.
        seats: Quantity,
        /// The limit of the edition.
        cap: u64,
    },
    /// The total is higher than the edition allows.
    TotalAboveEdition {
        /// The total of the license.
        total: u64,
        /// The limit of the edition.
        cap: u64,
    },
    /// The catalog does not declare an add-on.
    UnknownAddOn {
        /// The unknown name.
        add_on: String,
    },
    /// The license lists an add-on, and its edition allows none.
    AddOnNotInEdition {
        /// The add-on.
        add_on: String,
    },
}

impl core::error::Error for LicenseConflict {}

impl fmt::Display for LicenseConflict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Negative { field, value } => write!(f, "`{field}` must not be negative: {value}"),
            Self::NegativeSeats { profile, seats } => {
                write!(f, "seats of profile `{profile}` must not be negative: {seats}")
            }
            Self::EmptyPeriod { starts_at, expires_at } => {
                write!(f, "`expires_at` is {expires_at}, which is not after the start at {starts_at}")
            }
            Self::UnknownEdition { edition } => write!(f, "unknown edition `{edition}`"),
            Self::DuplicateProfile { profile } => write!(f, "profile `{profile}` is listed twice"),
            Self::ExemptProfile { profile } => {
                write!(f, "profile `{profile}` is exempt from seats and cannot be listed")
            }
            Self::ProfileNotInEdition { profile } => {
                write!(f, "its edition does not offer profile `{profile}`")
            }
            Self::SeatsAboveEdition { profile, seats, cap } => {
                write!(
                    f,
                    "too many seats for profile `{profile}`: {seats}, the limit of its edition is {cap}"
                )
            }
            Self::TotalAboveEdition { total, cap } => {
                write!(f, "total is too high: {total}, the limit of its edition is {cap}")
            }
            Self::UnknownAddOn { add_on } => write!(f, "unknown add-on `{add_on}`"),
            Self::AddOnNotInEdition { add_on } => write!(f, "its edition does not allow add-on `{add_on}`"),
        }
    }
}

/// The phase of a license (rule S12).
///
/// ```
/// # use entitle::catalog::Catalog;
/// # use entitle::{Batch, Command, Directory, License, Timestamp};
/// use entitle::seats::Phase;
///
/// # let catalog = Catalog::builder().build()?;
/// let license = License::new("acme").expires_at(Timestamp::from_millis(1_000));
/// let active = Directory::new(catalog).plan(Batch::host(Timestamp::EPOCH).add(license))?.into_directory();
/// assert_eq!(active.license_phase(), Phase::Active);
/// let tick = Batch::host(Timestamp::from_millis(1_000)).add(Command::tick());
/// assert_eq!(active.plan(tick)?.directory().license_phase(), Phase::Lapsed);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "snake_case"))]
#[non_exhaustive]
pub enum Phase {
    /// No license is installed.
    #[default]
    None,
    /// Before the start.
    Pending,
    /// Between the start and the expiry.
    Active,
    /// Expired, within the grace period.
    Grace,
    /// Expired, after the grace period.
    Lapsed,
}

impl Phase {
    /// Returns `true` if seats can be taken: active or in grace.
    ///
    /// ```
    /// use entitle::seats::Phase;
    ///
    /// assert!(Phase::Active.admits() && Phase::Grace.admits());
    /// assert!(!Phase::None.admits() && !Phase::Lapsed.admits());
    /// ```
    #[must_use]
    pub const fn admits(self) -> bool {
        matches!(self, Self::Active | Self::Grace)
    }

    /// Returns `true` if the lapsed ceiling of the catalog applies: pending or lapsed.
    ///
    /// ```
    /// use entitle::seats::Phase;
    ///
    /// assert!(Phase::Pending.cuts() && Phase::Lapsed.cuts());
    /// assert!(!Phase::None.cuts() && !Phase::Grace.cuts());
    /// ```
    #[must_use]
    pub const fn cuts(self) -> bool {
        matches!(self, Self::Pending | Self::Lapsed)
    }

    /// Returns the serialized name, such as `active`.
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

impl fmt::Display for Phase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A license validated against the catalog, with the limits in the form that the ledger uses.
#[derive(Debug)]
pub(crate) struct Terms {
    license: License,
    limits: Box<[Option<Limit>]>,
    cap: Option<u64>,
    /// Sorted.
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
    /// Validates a license against the catalog (rule S14).
    pub(crate) fn new(license: License, catalog: &Catalog) -> Result<Self, LicenseError> {
        let license = license.normalized();
        Name::new(&license.name).map_err(LicenseError::Name)?;
        let check = Validation { license: &license, catalog };
        let limits = check.limits()?;
        let cap = check.total()?;
        let add_ons = check.add_ons()?;
        let starts_at = check.time("starts_at", license.starts_at)?;
        let expires_at = check.time("expires_at", license.expires_at)?;
        let grace = check.count("grace_ms", license.grace_ms)?;
        let start = starts_at.unwrap_or(Timestamp::EPOCH);
        if let Some(end) = expires_at.filter(|&end| end <= start) {
            return Err(check.invalid(LicenseConflict::EmptyPeriod { starts_at: start, expires_at: end }));
        }
        let lapses_at = expires_at.map(|end| end.plus_millis(grace));
        Ok(Self { license, limits, cap, add_ons, starts_at, expires_at, lapses_at })
    }

    pub(crate) fn license(&self) -> &License {
        &self.license
    }

    /// Returns the start, or the epoch if the license names none.
    pub(crate) fn starts_at(&self) -> Timestamp {
        self.starts_at.unwrap_or(Timestamp::EPOCH)
    }

    /// Returns the seats of a profile, or `None` if it is not offered.
    pub(crate) fn limit(&self, profile: ProfileId) -> Option<Limit> {
        self.limits.get(profile.index()).copied().flatten()
    }

    pub(crate) fn cap(&self) -> Option<u64> {
        self.cap
    }

    pub(crate) fn has_add_on(&self, name: &str) -> bool {
        self.add_ons.binary_search_by(|add_on| (**add_on).cmp(name)).is_ok()
    }

    /// Returns the phase at a time: expired from `expires_at` on, in grace while t < end + grace (rule C5).
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

    /// Returns the time at which the phase at `now` ends, if it ends.
    pub(crate) fn next_phase_at(&self, now: Timestamp) -> Option<Timestamp> {
        let boundaries = [self.starts_at, self.expires_at, self.lapses_at];
        boundaries.into_iter().flatten().filter(|&boundary| boundary > now).min()
    }
}

/// The validation of one license.
struct Validation<'a> {
    license: &'a License,
    catalog: &'a Catalog,
}

impl Validation<'_> {
    fn invalid(&self, conflict: LicenseConflict) -> LicenseError {
        LicenseError::Invalid { license: self.license.name.clone(), conflict }
    }

    fn count(&self, field: &'static str, value: i64) -> Result<u64, LicenseError> {
        u64::try_from(value).map_err(|_| self.invalid(LicenseConflict::Negative { field, value }))
    }

    fn seat_count(&self, profile: &str, seats: i64) -> Result<u64, LicenseError> {
        u64::try_from(seats)
            .map_err(|_| self.invalid(LicenseConflict::NegativeSeats { profile: profile.to_owned(), seats }))
    }

    fn time(&self, field: &'static str, millis: Option<i64>) -> Result<Option<Timestamp>, LicenseError> {
        millis.map(|millis| self.count(field, millis).map(Timestamp::from_millis)).transpose()
    }

    fn edition(&self) -> Result<Option<&crate::catalog::Edition>, LicenseError> {
        let Some(name) = &self.license.edition else { return Ok(None) };
        let unknown = || self.invalid(LicenseConflict::UnknownEdition { edition: name.clone() });
        self.catalog.edition(name).map(Some).ok_or_else(unknown)
    }

    fn limits(&self) -> Result<Box<[Option<Limit>]>, LicenseError> {
        let edition = self.edition()?;
        let mut limits = vec![None; self.catalog.profile_count()];
        for (name, profile, figure) in self.listed_profiles()? {
            let limit = self.limit(name, profile, figure, edition)?;
            if limits.get_mut(profile.index()).and_then(|entry| entry.replace(limit)).is_some() {
                let profile = name.to_owned();
                return Err(self.invalid(LicenseConflict::DuplicateProfile { profile }));
            }
        }
        for (entry, cap) in limits.iter_mut().zip(edition.iter().flat_map(|edition| &edition.caps)) {
            if entry.is_none() && *cap == Some(Cap::Unlimited) {
                *entry = Some(Limit { seats: Quantity::Unlimited, extra: 0 });
            }
        }
        Ok(limits.into())
    }

    /// Looks up the listed profiles in the catalog.
    fn listed_profiles(&self) -> Result<Vec<(&str, ProfileId, SeatAllowance)>, LicenseError> {
        let find = |(name, figure): (&'_ str, &SeatAllowance)| {
            let unknown = || LicenseError::UnknownProfile {
                license: self.license.name.clone(),
                profile: name.to_owned(),
            };
            Ok((self.catalog.profile_by_name(name).ok_or_else(unknown)?, *figure))
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
        figure: SeatAllowance,
        edition: Option<&crate::catalog::Edition>,
    ) -> Result<Limit, LicenseError> {
        let listed = || name.to_owned();
        if self.catalog.is_exempt(profile) {
            return Err(self.invalid(LicenseConflict::ExemptProfile { profile: listed() }));
        }
        let seats = match figure.seats {
            Some(seats) => Quantity::Count(self.seat_count(name, seats)?),
            None => Quantity::Unlimited,
        };
        let extra = self.seat_count(name, figure.extra)?;
        let Some(edition) = edition else { return Ok(Limit { seats, extra }) };
        match edition.caps.get(profile.index()).copied().flatten() {
            None => Err(self.invalid(LicenseConflict::ProfileNotInEdition { profile: listed() })),
            Some(Cap::AtMost(cap)) if seats.plus(extra) > Quantity::Count(cap) => {
                let seats = seats.plus(extra);
                Err(self.invalid(LicenseConflict::SeatsAboveEdition { profile: listed(), seats, cap }))
            }
            Some(_) => Ok(Limit { seats, extra }),
        }
    }

    fn total(&self) -> Result<Option<u64>, LicenseError> {
        let edition = self.edition()?.and_then(|edition| edition.total);
        let Some(total) = self.license.total else { return Ok(edition) };
        let total = self.count("total", total)?;
        if let Some(cap) = edition.filter(|&cap| total > cap) {
            return Err(self.invalid(LicenseConflict::TotalAboveEdition { total, cap }));
        }
        Ok(Some(total))
    }

    fn add_ons(&self) -> Result<Vec<Name>, LicenseError> {
        let allowed = self.edition()?.is_none_or(|edition| edition.add_ons);
        let check = |name: &String| {
            if !self.catalog.has_add_on(name) {
                return Err(self.invalid(LicenseConflict::UnknownAddOn { add_on: name.clone() }));
            }
            if !allowed {
                return Err(self.invalid(LicenseConflict::AddOnNotInEdition { add_on: name.clone() }));
            }
            Name::new(name).map_err(LicenseError::Name)
        };
        self.license.add_ons.iter().map(check).collect()
    }
}
