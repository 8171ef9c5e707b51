//! Lookups: from names to ids and back, and from ids and slots to rows and records.

mod describe;
mod grant_queries;
mod lookup;
mod rows;
mod seat_figures;
