//! Events in the formats of others, read back by readers that are not ours or held against their published description.

mod collector;
mod events;
mod lines;
mod ocsf;
mod otlp;
mod schema;
mod table;
mod wire;
