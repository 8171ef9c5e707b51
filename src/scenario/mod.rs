//! Scenario files: a platform's rules and tests as data, and their runner.
//!
//! A scenario is one JSON file: a catalog, an optional license and seat policy, and steps that execute commands or ask
//! questions and state the expected result. Its names are the library's serialized names. `entitle test FILE...`
//! runs scenarios from the command line; hosts run their own from their tests:
//!
//! ```
//! # use entitle::scenario::Scenario;
//! let scenario: Scenario = serde_json::from_str(r#"{
//!     "entitle": 1,
//!     "catalog": {
//!         "kinds": { "project": { "permissions": ["write", "read"], "implies": { "write": ["read"] } } },
//!         "profiles": { "reader": { "ceiling": { "project": ["read"] }, "seat": "exempt" } }
//!     },
//!     "steps": [
//!         { "do": [{ "add_user": { "user": "ada", "profile": "reader" } },
//!                  { "add_resource": { "resource": "project/churn", "owner": "ada" } },
//!                  { "grant": { "to": "user:ada", "on": "project/churn", "permissions": ["write"] } }] },
//!         { "check": { "who": "user:ada", "on": "project/churn", "permission": "read" }, "is": "allowed" },
//!         { "check": { "who": "user:ada", "on": "project/churn", "permission": "write" }, "is": "beyond_profile" }
//!     ]
//! }"#)?;
//! let report = scenario.run();
//! assert!(report.failures().is_empty());
//! assert_eq!(report.steps(), 3);
//! # Ok::<(), serde_json::Error>(())
//! ```

mod document;
#[cfg(feature = "cli")]
mod parse;
mod run;
mod step;

#[cfg(feature = "cli")]
pub use self::parse::ParseScenarioError;
pub use self::run::{Failure, Scenario, TestReport};
