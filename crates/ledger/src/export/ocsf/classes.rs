//! The classes of the schema that Pinfold's events are of.

use serde_json::Value;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Class {
    /// Its number; the thousands are the category's.
    pub(super) uid: u32,
    pub(super) name: &'static str,
}

const fn class(uid: u32, name: &'static str) -> Class {
    Class { uid, name }
}

pub(super) const FILE: Class = class(1001, "File System Activity");
pub(super) const KERNEL: Class = class(1003, "Kernel Activity");
pub(super) const PROCESS: Class = class(1007, "Process Activity");
pub(super) const EVENT_LOG: Class = class(1008, "Event Log Activity");
pub(super) const FINDING: Class = class(2004, "Detection Finding");
pub(super) const ENTITY: Class = class(3004, "Entity Management");
pub(super) const USER_ACCESS: Class = class(3005, "User Access Management");
pub(super) const NETWORK: Class = class(4001, "Network Activity");
pub(super) const HTTP: Class = class(4002, "HTTP Activity");
pub(super) const DNS: Class = class(4003, "DNS Activity");
pub(super) const LIFECYCLE: Class = class(6002, "Application Lifecycle");

/// What was done, by the numbers of a class.
#[derive(Debug, Clone, Copy)]
pub(super) enum Activity<'a> {
    Known(u32),
    /// One that the class has no number for.
    Other(&'a str),
}

/// An event in the schema's terms.
#[derive(Debug)]
pub(super) struct Mapped<'a> {
    pub(super) class: Class,
    pub(super) activity: Activity<'a>,
    /// `severity_id`.
    pub(super) severity: u32,
    /// The attributes of this event alone.
    pub(super) own: Value,
}

pub(super) const INFORMATIONAL: u32 = 1;
pub(super) const LOW: u32 = 2;
pub(super) const MEDIUM: u32 = 3;
pub(super) const HIGH: u32 = 4;
pub(super) const CRITICAL: u32 = 5;
