//! The gate: the only way out to the network. Names, judges, and looks inside where a rule asks for it.
//!
//! A process of its own beside the supervisor. It gets the rules, the sockets that were made inside the sandbox, and a
//! link to the supervisor ([`link`]); it reads no policy file and makes no namespace. When the link closes it ends, and
//! when it ends every connection ends with it.
#![forbid(unsafe_code)]

mod accept;
mod ask;
mod attribution;
mod budget;
mod connection;
mod converse;
mod dial;
mod dns;
mod hello;
mod http;
mod inspect;
mod java;
mod limits;
pub mod link;
mod opening;
mod proxy;
mod publish;
mod refusal;
mod relay;
mod resolve;
mod search;
mod secrets;
mod serve;
mod session;
mod sniff;
mod sockets;
mod tls;
mod upstream;
mod watch;

use std::io;
use std::os::fd::AsFd;
use std::process::ExitCode;

use rustix::process::{DumpableBehavior, Resource, Rlimit, set_dumpable_behavior, setrlimit};
use rustix::thread::set_no_new_privs;

pub use dns::Question;
pub use hello::{Again, Hello, HelloError};
pub use java::java_trust_store;
pub use limits::QUESTION_TIME;
pub use proxy::{Greeting, SocksError, SocksRequest, SocksTarget};
pub use resolve::{Resolver, Told};
pub use search::Search;
pub use secrets::BadPlaceholder;
pub use serve::{GateError, serve, serve_in};
pub use session::{Arrival, Surroundings};
pub use sniff::{Sniffed, sniff};
pub use sockets::Sockets;

/// The first argument that makes the program a gate: told apart before any other argument is looked at.
pub const ARGUMENT: &str = "__gate";

/// The whole life of a gate process: reads [`link::Start`] from the link, which is its standard input, and serves.
/// `confine` takes from it what no gate needs.
pub fn main(confine: impl FnOnce() -> io::Result<()>) -> ExitCode {
    match run(confine) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("pinfold: the gate ended: {error}");
            ExitCode::FAILURE
        }
    }
}

/// Before it knows a secret: whoever would read its memory, by a core dump or as a tracer, does not, and a program that
/// a flaw made it start would be no more than it is.
fn keep_to_itself() -> rustix::io::Result<()> {
    let none = Rlimit { current: Some(0), maximum: Some(0) };
    setrlimit(Resource::Core, none)?;
    set_dumpable_behavior(DumpableBehavior::NotDumpable)?;
    set_no_new_privs(true)
}

fn run(confine: impl FnOnce() -> io::Result<()>) -> Result<(), GateError> {
    keep_to_itself().map_err(io::Error::from).and_then(|()| confine()).map_err(GateError::Itself)?;
    let link = io::stdin().as_fd().try_clone_to_owned().map_err(link::LinkError::Receive)?;
    let (start, descriptors) = link::receive_start(link.as_fd())?;
    let sockets = Sockets::sort(&start.sockets, descriptors)?;
    serve(start, sockets, link)
}
