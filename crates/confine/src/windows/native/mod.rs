//! The parts that are carried out on Windows, over what `sys` calls.

mod authorities;
mod canary;
mod confined;
mod context;
mod ground;
mod guard;
mod lists;
mod measure;
mod pins;
pub mod probe;
mod refuse;
mod terminal;
mod token;
mod way;
mod world;

pub use authorities::trusted_authorities;
pub use canary::live_if_asked;
pub use confined::{Command, Confined, interface_bits};
pub use ground::{Ground, clean};
pub use guard::Guard;
pub use lists::FileLists;
pub use terminal::Terminal;
pub use way::way;
pub use world::unique_name as random_name;

pub use super::sys::interrupts::{heed_interrupts, interrupted};
pub use super::sys::job::Used;
pub use super::sys::keys::Keys;
pub use super::sys::libraries::load_libraries_of_the_system_only;
pub use super::sys::measure::free_bytes;
pub use super::sys::own_console::OwnConsole;
