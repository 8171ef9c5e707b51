//! S7: the seat policy, which is asked only if capacity is lacking.

use super::json::{malformed, texts};
use serde_json::Value;
use std::collections::BTreeMap;

/// The policy for a request for which there is no room.
#[derive(Clone, Debug)]
pub enum Policy {
    /// Refuses.
    Strict,
    /// Admits into the extra seats.
    Overage,
    /// Places on the first of these other profiles that has a free standard seat.
    FallBack(Vec<String>),
    /// Lets the user wait.
    Waitlist,
    /// The first answer that is not a refusal.
    List(Vec<Policy>),
    /// Any function of a test, also with answers that no sane policy would give.
    Custom(fn(&Ask) -> Answer),
}

/// The data of a request that a policy sees.
#[derive(Clone, Debug)]
pub struct Ask {
    pub profile: String,
    pub user: String,
    /// `admin`, `invite`, `sync`, `reinstate`, `import` or `queue`.
    pub source: String,
    pub at: u64,
    /// The figures of every profile (S11), by the profile's name, as they are at this moment.
    pub figures: BTreeMap<String, Value>,
}

/// The answer of a policy.
#[derive(Clone, Debug, PartialEq)]
pub enum Answer {
    Extra,
    Place(String),
    Wait,
    Refuse,
}

impl Policy {
    /// Reads the `policy` of a scenario file.
    pub fn from_json(value: &Value) -> Result<Policy, String> {
        if let Some(list) = value.as_array() {
            let mut policies = Vec::new();
            for policy in list {
                policies.push(Policy::from_json(policy)?);
            }
            return Ok(Policy::List(policies));
        }
        if let Some(map) = value.as_object()
            && map.len() == 1
            && map.contains_key("fall_back")
        {
            return Ok(Policy::FallBack(texts(&map["fall_back"], "`fall_back`")?));
        }
        match value.as_str() {
            Some("strict") => Ok(Policy::Strict),
            Some("overage") => Ok(Policy::Overage),
            Some("waitlist") => Ok(Policy::Waitlist),
            _ => malformed(format!("{value} is no policy")),
        }
    }

    /// Every profile that the policy names.
    pub fn profiles(&self) -> Vec<String> {
        match self {
            Policy::FallBack(profiles) => profiles.clone(),
            Policy::List(policies) => policies.iter().flat_map(Policy::profiles).collect(),
            _ => Vec::new(),
        }
    }
}
