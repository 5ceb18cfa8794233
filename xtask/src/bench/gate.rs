//! The gate beside other proxies: what the benchmark in `crates/gate/benches` prints, with the proxies started for it.

use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use crate::shell::{Result, cargo, command, run as carry_out, which};

/// How long a proxy may take to listen.
const STARTS_IN: Duration = Duration::from_secs(20);

/// Measures.
pub(super) fn run(only: &[String]) -> Result<()> {
    let scratch = std::env::temp_dir().join(format!("pinfold-bench-gate-{}", std::process::id()));
    std::fs::create_dir(&scratch)?;
    let done = measure(only, &scratch);
    std::fs::remove_dir_all(&scratch)?;
    done
}

fn measure(only: &[String], scratch: &Path) -> Result<()> {
    let proxies = [squid(scratch)?, mitmproxy(scratch)?];
    let mut bench = cargo("bench --package pinfold-gate --bench gate --");
    for proxy in proxies.iter().flatten() {
        bench.args(["--proxy", &proxy.argument()]);
    }
    carry_out(bench.args(only))
}

/// A proxy that runs until it is dropped.
struct Proxy {
    name: &'static str,
    address: SocketAddr,
    /// The certificate of one that looks into TLS.
    ca: Option<PathBuf>,
    process: Child,
}

impl Proxy {
    fn argument(&self) -> String {
        let ca = self.ca.as_ref().map(|file| format!("={}", file.display())).unwrap_or_default();
        format!("{}={}{ca}", self.name, self.address)
    }

    fn wait(self) -> Result<Option<Self>> {
        let begun = Instant::now();
        while TcpStream::connect(self.address).is_err() || self.ca.as_ref().is_some_and(|file| !file.exists()) {
            if begun.elapsed() > STARTS_IN {
                return Err(format!("{} does not start", self.name).into());
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        Ok(Some(self))
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Only `CONNECT`: it carries what it cannot read.
fn squid(scratch: &Path) -> Result<Option<Proxy>> {
    let Some(program) = which("squid") else {
        eprintln!("   squid is missing: sudo apt-get install squid");
        return Ok(None);
    };
    let address = free_address()?;
    let config = format!(
        "http_port {address}\nhttp_access allow localhost\ncache deny all\naccess_log none\ncache_log /dev/null\n\
         pid_filename none\ncoredump_dir {}\nshutdown_lifetime 0 seconds\n",
        scratch.display()
    );
    let file = scratch.join("squid.conf");
    std::fs::write(&file, config)?;
    let mut squid = command(&program.to_string_lossy(), ["-N", "-f"]);
    let process = squid.arg(&file).stdout(Stdio::null()).stderr(Stdio::null()).spawn()?;
    Proxy { name: "squid's CONNECT", address, ca: None, process }.wait()
}

/// Looks into TLS as the gate does. It is told to trust every server.
fn mitmproxy(scratch: &Path) -> Result<Option<Proxy>> {
    let Some(program) = which("mitmdump") else {
        eprintln!("   mitmproxy is missing: pipx install mitmproxy");
        return Ok(None);
    };
    let address = free_address()?;
    let words = format!("--quiet --ssl-insecure --listen-host {} --listen-port {}", address.ip(), address.port());
    let mut mitmdump = command(&program.to_string_lossy(), words.split(' '));
    mitmdump.arg("--set").arg(format!("confdir={}", scratch.display()));
    let process = mitmdump.stdout(Stdio::null()).stderr(Stdio::null()).spawn()?;
    let ca = Some(scratch.join("mitmproxy-ca-cert.pem"));
    Proxy { name: "mitmproxy", address, ca, process }.wait()
}

/// An address that nobody listens on; whoever is told of it may find it taken, and then says so.
fn free_address() -> Result<SocketAddr> {
    Ok(TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?)
}
