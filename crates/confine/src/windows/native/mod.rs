//! The parts that are carried out on Windows, over what `sys` calls.

mod canary;
mod confined;
mod context;
mod ground;
mod guard;
mod interrupts;
mod libraries;
mod lists;
mod measure;
mod own_console;
mod pins;
pub mod probe;
mod terminal;
mod token;
mod way;
mod world;

pub use canary::live_if_asked;
pub use confined::{Command, Confined, interface_bits};
pub use ground::{Ground, clean};
pub use guard::Guard;
pub use interrupts::{heed_interrupts, interrupted};
pub use libraries::load_libraries_of_the_system_only;
pub use lists::FileLists;
pub use measure::free_bytes;
pub use own_console::OwnConsole;
pub use terminal::Terminal;
pub use way::way;
pub use world::unique_name as random_name;

pub use super::sys::job::Used;
