//! What a run may do: the policy, as pure data and decisions.
//!
//! Text becomes a [`PolicyFile`] ([`parse`]), files become layers, [`merge`] resolves them to a [`Policy`], and
//! [`decide`] answers for one path. Nothing here makes a system call, reads a clock or an environment, or depends on
//! the platform it runs on: the platform is a value ([`Platform`]).
#![forbid(unsafe_code)]

mod amount;
pub mod bounds;
mod braces;
mod catalogue;
mod ceiling;
mod check;
mod decide;
mod demand;
mod deny;
mod descent;
mod digest;
mod document;
mod env;
mod files;
#[cfg(test)]
mod fixtures;
mod flags;
mod hint;
mod layers;
mod ledger;
mod limits;
mod links;
mod merging;
mod names;
mod network;
mod origin;
mod parse;
mod paths;
mod patterns;
mod platform;
mod policy;
mod process;
mod profiles;
mod protect;
mod reference;
mod resolve;
mod schema;
mod secrets;
pub mod sets;
mod shape;
mod show;
mod stages;
mod territory;
mod text;
mod ways;

pub use amount::Unit;
pub use ceiling::{Ceiling, List};
pub use decide::{Access, Decider, Effect, Verdict, decide};
pub use demand::Decided;
pub use deny::{Deny, DenyMatcher, DenyText};
pub use descent::Descent;
pub use document::PolicyFile;
pub use env::{Env, EnvPattern, EnvRules, EnvValue};
pub use files::{FileRules, Grant, Place, Target};
pub use flags::{FlagError, Setting};
pub use hint::{mask_instead, shell_word};
pub use layers::{Layer, MergeError, Merged, Withheld, merge};
pub use ledger::{Ledger, LedgerRules};
pub use limits::{Limit, LimitName, LimitRules, Limits};
pub use network::{
    Block, Budget, BudgetName, Decision, Destination, HOST_NAME, Host, HostRule, HostScope, HostText, Hosts, Name,
    Network, NetworkCeiling, NetworkMode, NetworkRules, NotAName, PathPattern, PortRule, Ports, Range, Rules, Ruling,
    special,
};
pub use origin::{Entry, LayerKind, Origin, Position, Rule};
pub use parse::{ParseError, parse};
pub use paths::PathText;
pub use platform::{Places, Platform};
pub use policy::Policy;
pub use process::Process;
pub use profiles::{PROFILE_DEFAULT, PROFILE_NAMES, builtin_profile, profile_text};
pub use protect::{Protect, ProtectText, Scope};
pub use reference::reference;
pub use schema::schema;
pub use secrets::{Secret, SecretSource, SecretText, SecretUse};
pub use show::{Sets, to_toml};
pub use stages::{StageRules, Stages};
pub use territory::{Area, AreaKind};
pub use text::{Text, nearest, plain};
pub use ways::Trail;
