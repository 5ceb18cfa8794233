//! The detour over a proxy that this network wants everybody to use.
//!
//! It resolves names itself, often ones that this host could not: so what a name means there is the proxy's word, and
//! only literal addresses are judged.

use std::io;
use std::net::IpAddr;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use pinfold_policy::{Destination, HOST_NAME, Host, Name, Range};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::dial::settle;
use crate::limits::UPSTREAM_HEAD_BYTES_MAX;
use crate::link::{Credentials, Scheme, Upstream};

/// A proxy, and what is reached without it.
#[derive(Debug)]
pub(crate) struct Detour {
    proxy: Upstream,
    without: Vec<Without>,
}

/// One entry of `NO_PROXY`.
#[derive(Debug, PartialEq, Eq)]
enum Without {
    Everything,
    /// A name and all below it.
    Name(Name, Option<u16>),
    Range(Range, Option<u16>),
}

impl Detour {
    pub(crate) fn new(proxy: Upstream, no_proxy: &[String]) -> Self {
        let entries = no_proxy.iter().flat_map(|text| text.split([',', ' ']));
        Self { proxy, without: entries.filter_map(Without::parse).collect() }
    }

    /// Is a destination reached over it? The host's own loopback never is.
    pub(crate) fn leads_to(&self, to: &Destination) -> bool {
        let is_host = to.name.as_ref().is_some_and(|name| name.as_str() == HOST_NAME);
        !is_host && !self.without.iter().any(|entry| entry.covers(to))
    }

    /// Connects to a destination over the proxy.
    pub(crate) async fn connect(&self, to: &Destination) -> io::Result<TcpStream> {
        let mut stream = TcpStream::connect((self.proxy.host.as_str(), self.proxy.port)).await?;
        settle(&stream)?;
        match self.proxy.scheme {
            Scheme::Http => self.connect_http(&mut stream, to).await?,
            Scheme::Socks5 => self.connect_socks(&mut stream, to).await?,
        }
        Ok(stream)
    }

    async fn connect_http(&self, stream: &mut TcpStream, to: &Destination) -> io::Result<()> {
        let mut head = format!("CONNECT {to} HTTP/1.1\r\nHost: {to}\r\n");
        if let Some(Credentials { user, password }) = &self.proxy.credentials {
            let basic = BASE64_STANDARD.encode(format!("{user}:{password}"));
            head.push_str(&format!("Proxy-Authorization: Basic {basic}\r\n"));
        }
        head.push_str("\r\n");
        stream.write_all(head.as_bytes()).await?;
        let answer = read_head(stream).await?;
        let status = answer.split(|byte| *byte == b' ').nth(1).unwrap_or_default();
        match answer.starts_with(b"HTTP/1.") && status.len() == 3 && status.starts_with(b"2") {
            true => Ok(()),
            false => Err(refused(&format!("answers {}", String::from_utf8_lossy(status)))),
        }
    }

    async fn connect_socks(&self, stream: &mut TcpStream, to: &Destination) -> io::Result<()> {
        let method = if self.proxy.credentials.is_some() { 2 } else { 0 };
        stream.write_all(&[5, 1, method]).await?;
        if read::<2>(stream).await? != [5, method] {
            return Err(refused("wants to be greeted in another way"));
        }
        if let Some(Credentials { user, password }) = &self.proxy.credentials {
            let login = [&[1][..], &short(user)?, &short(password)?].concat();
            stream.write_all(&login).await?;
            if read::<2>(stream).await?[1] != 0 {
                return Err(refused("refuses user and password"));
            }
        }
        let host = match (&to.name, to.address) {
            (Some(name), _) => [&[3][..], &short(name.as_str())?].concat(),
            (None, Some(IpAddr::V4(v4))) => [&[1][..], &v4.octets()].concat(),
            (None, Some(IpAddr::V6(v6))) => [&[4][..], &v6.octets()].concat(),
            (None, None) => return Err(refused("gets no host")),
        };
        stream.write_all(&[&[5, 1, 0][..], &host, &to.port.to_be_bytes()].concat()).await?;
        let [version, code, _, kind] = read::<4>(stream).await?;
        let rest = match kind {
            1 => 4,
            3 => usize::from(stream.read_u8().await?),
            4 => 16,
            _ => return Err(refused("answers with an unknown address")),
        };
        stream.read_exact(&mut vec![0; rest + 2]).await?;
        if (version, code) == (5, 0) { Ok(()) } else { Err(refused(&format!("answers with code {code}"))) }
    }
}

impl Without {
    fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        if text == "*" {
            return Some(Self::Everything);
        }
        let text = text.strip_prefix("*.").or_else(|| text.strip_prefix('.')).unwrap_or(text);
        if let Some((address, bits)) = text.split_once('/') {
            let Ok(Host::Address(first)) = Host::new(address) else { return None };
            let width = if first.is_ipv4() { 32 } else { 128 };
            let bits = bits.parse().ok().filter(|bits| *bits <= width)?;
            return Some(Self::Range(Range { first, bits }, None));
        }
        let (host, port) = Host::split_port(text);
        let port = port.map(str::parse).transpose().ok()?;
        match Host::new(host).ok()? {
            Host::Name(name) => Some(Self::Name(name, port)),
            Host::Address(address) => Some(Self::Range(Range::one(address), port)),
        }
    }

    fn covers(&self, to: &Destination) -> bool {
        let of_port = |port: &Option<u16>| port.is_none_or(|port| port == to.port);
        match self {
            Self::Everything => true,
            Self::Name(own, port) => {
                of_port(port) && to.name.as_ref().is_some_and(|name| name == own || name.is_below(own))
            }
            Self::Range(range, port) => of_port(port) && to.address.is_some_and(|address| range.contains(address)),
        }
    }
}

fn refused(what: &str) -> io::Error {
    io::Error::other(format!("the proxy upstream {what}"))
}

/// A text with its length in front.
fn short(text: &str) -> io::Result<Vec<u8>> {
    let length = u8::try_from(text.len()).map_err(|_| refused("takes no text of more than 255 bytes"))?;
    Ok([&[length][..], text.as_bytes()].concat())
}

async fn read<const COUNT: usize>(stream: &mut TcpStream) -> io::Result<[u8; COUNT]> {
    let mut bytes = [0; COUNT];
    stream.read_exact(&mut bytes).await?;
    Ok(bytes)
}

/// Everything up to an empty line. Byte by byte: what follows is not ours to read.
async fn read_head(stream: &mut TcpStream) -> io::Result<Vec<u8>> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        if head.len() >= UPSTREAM_HEAD_BYTES_MAX {
            return Err(refused("answers with a head that does not end"));
        }
        head.push(stream.read_u8().await?);
    }
    Ok(head)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn detour(no_proxy: &str) -> Detour {
        let proxy = Upstream { scheme: Scheme::Http, host: "proxy.example".into(), port: 3128, credentials: None };
        Detour::new(proxy, &[no_proxy.to_owned()])
    }

    fn leads_to(no_proxy: &str, text: &str) -> bool {
        detour(no_proxy).leads_to(&Destination::parse(text, 443).expect(text))
    }

    #[test]
    fn what_no_proxy_names_is_reached_directly() {
        let list = "localhost, .corp.example,a.example:8443 10.0.0.0/8,192.0.2.1,[2001:db8::1]:80";
        for text in ["x.corp.example", "corp.example", "a.example:8443", "b.a.example:8443", "10.1.2.3", "192.0.2.1"] {
            assert!(!leads_to(list, text), "{text}");
        }
        for text in ["a.example", "notcorp.example", "11.0.0.1", "[2001:db8::1]:443"] {
            assert!(leads_to(list, text), "{text}");
        }
        assert!(!leads_to("*", "a.example"));
        assert!(!leads_to("", HOST_NAME));
    }
}
