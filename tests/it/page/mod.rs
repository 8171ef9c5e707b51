//! The page of `entitle report`, in a real browser; `browser.rs` says what happens where there is none.

mod browser;
mod charts;
mod keyboard;
mod look;
mod names;
mod tables;
mod worlds;
