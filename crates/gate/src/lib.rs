//! The gate: the only way out to the network. Names, judges, and looks inside where a rule asks for it.
//!
//! A process of its own beside the supervisor. It gets the rules, the sockets that were made inside the sandbox, and a
//! link to the supervisor ([`link`]); it reads no policy file and makes no namespace. When the link closes it ends, and
//! when it ends every connection ends with it.
//!
//! On Linux the kernel leads all connections to it. Elsewhere it is a proxy on the loopback that programs are told of, and
//! whether they can do without it is not up to the gate.
#![deny(unsafe_code)]

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
mod pem;
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
mod system;
mod tls;
mod upstream;
mod watch;

use std::io;
use std::process::ExitCode;

pub use dns::Question;
pub use hello::{Again, Hello, HelloError};
pub use java::java_trust_store;
pub use limits::QUESTION_TIME;
pub use pem::pem;
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

/// The whole life of a gate process: reads [`link::Start`] from the link, which is its standard input (and, but for Linux,
/// its standard output), and serves.
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

fn run(confine: impl FnOnce() -> io::Result<()>) -> Result<(), GateError> {
    system::keep_to_itself().and_then(|()| confine()).map_err(GateError::Itself)?;
    let (start, sockets, link) = system::begin()?;
    serve(start, sockets, link)
}
