//! The code of the page "Your own transaction", as the page shows it, and its tests.

pub mod with_sqlx;
pub mod with_tokio_postgres;

#[cfg(test)]
#[path = "../../it/postgres/server.rs"]
#[expect(dead_code, reason = "the main suite uses the rest")]
mod server;

#[cfg(test)]
mod tests;
