//! Policy and facts to a plan for Windows: the token of a command, the entries and labels that let it write where the policy
//! allows it, the job around it; and how arguments and variables are handed to a process.
//!
//! Nothing of it has been verified on a real Windows yet. What is planned is proven against the model of Windows' decision
//! in `pinfold-acl`.

pub mod accounts;
pub mod addresses;
pub mod alone;
mod build;
mod command_line;
mod entries;
mod environment;
pub mod filters;
pub mod firewall;
mod job;
mod judge;
mod kept;
mod machine;
mod plan;
mod roots;
mod token;

pub use build::{areas, build, native};
pub use command_line::{CommandLineError, command_line};
pub use entries::{Edit, Reach, Root, edits};
pub use environment::{EnvironmentError, environment_block};
pub use job::{Desktop, InterfaceLimit, Job, Mitigation};
pub use judge::{Step, judge};
pub use machine::{Accounts, Machine};
pub use plan::{Identity, Network, Plan};
pub use token::Token;
