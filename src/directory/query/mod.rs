//! Lookups: from names to ids and back, and from ids and slots to rows and records.

mod describe;
mod facts;
mod grant_queries;
mod lookup;
mod rows;
mod seat_figures;
pub use self::facts::KeyScope;
