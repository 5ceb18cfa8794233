//! Plans for invented Macs: what each profile becomes, and what holds for every plan by a model of Seatbelt.
#![cfg(unix)] // Elsewhere paths are joined with another letter.

mod cases;
mod properties;
mod seatbelt;
mod world;
