//! One host in everything that a request says: the target, `Host` or `:authority`, and where it was connected to.

use hyper::header::{HOST, TRANSFER_ENCODING};
use hyper::http::request::Parts;
use hyper::http::uri::Authority;
use hyper::{Method, Version};
use pinfold_policy::{Destination, Host};

/// The host of a request as it is sent on: as the connection has it, with a port if the client wrote one. `whole` knows
/// what a short name stands for.
pub(crate) fn authority(
    parts: &Parts,
    to: &Destination,
    secure: bool,
    whole: impl Fn(Destination) -> Destination,
) -> Result<Authority, String> {
    if parts.method == Method::CONNECT {
        return Err("a tunnel within a connection could lead anywhere".to_owned());
    }
    if let Some(scheme) = parts.uri.scheme_str()
        && scheme != if secure { "https" } else { "http" }
    {
        return Err(format!("its target is of the scheme {scheme}"));
    }
    check_framing(parts)?;
    let mut hosts = Vec::new();
    if let Some(authority) = parts.uri.authority() {
        hosts.push(authority.as_str());
    }
    for value in parts.headers.get_all(HOST) {
        hosts.push(value.to_str().map_err(|_| "its Host is no text".to_owned())?);
    }
    if parts.headers.get_all(HOST).iter().count() > 1 {
        return Err("it has more than one Host".to_owned());
    }
    if hosts.is_empty() && parts.version != Version::HTTP_10 {
        return Err("it names no Host".to_owned());
    }
    let mut with_port = false;
    for host in hosts {
        let named = Destination::parse(host, to.port).map_err(|error| format!("its Host is no name: {error}"))?;
        if whole(named.clone()) != *to {
            return Err(format!("it names the host {named}"));
        }
        with_port |= has_port(host);
    }
    written(to, with_port)
}

/// The length of a body is said in one way that every server reads alike (RFC 9112, section 6.1). hyper lets
/// `Transfer-Encoding` win over `Content-Length`, and writes only what it has read.
fn check_framing(parts: &Parts) -> Result<(), String> {
    let mut encodings = parts.headers.get_all(TRANSFER_ENCODING).iter();
    match (encodings.next(), encodings.next()) {
        (None, _) => Ok(()),
        (Some(only), None) if only.as_bytes().eq_ignore_ascii_case(b"chunked") => Ok(()),
        _ => Err("its body is encoded in a way that servers read differently".to_owned()),
    }
}

fn has_port(host: &str) -> bool {
    Host::split_port(host).1.is_some()
}

fn written(to: &Destination, with_port: bool) -> Result<Authority, String> {
    let full = to.to_string();
    let bare = || full.rsplit_once(':').map_or(full.as_str(), |(host, _)| host).to_owned();
    let text = if with_port { full.clone() } else { bare() };
    text.parse().map_err(|_| format!("{text} cannot stand in a request"))
}

/// The destination of a request to a proxy, from its absolute target.
pub(crate) fn target(parts: &Parts) -> Result<Destination, String> {
    let authority = parts.uri.authority().ok_or("its target is no address on another host")?;
    if parts.method != Method::CONNECT && parts.uri.scheme_str() != Some("http") {
        return Err("only `http:` is requested from a proxy; for TLS there is CONNECT".to_owned());
    }
    if parts.method == Method::CONNECT && !has_port(authority.as_str()) {
        return Err("its target has no port".to_owned());
    }
    Destination::parse(authority.as_str(), 80).map_err(|error| format!("its target names no host: {error}"))
}

#[cfg(test)]
mod tests {
    use hyper::Request;

    use super::*;

    fn parts(method: &str, target: &str, hosts: &[&str]) -> Parts {
        let mut request = Request::builder().method(method).uri(target);
        for host in hosts {
            request = request.header(HOST, *host);
        }
        request.body(()).expect("a request").into_parts().0
    }

    fn agreed(target: &str, hosts: &[&str]) -> Result<String, String> {
        let to = Destination::parse("a.example:8443", 0).expect("a destination");
        authority(&parts("GET", target, hosts), &to, true, |named| named).map(|authority| authority.to_string())
    }

    #[test]
    fn the_connected_host_is_the_only_one() {
        assert_eq!(agreed("/", &["a.example"]), Ok("a.example".into()));
        assert_eq!(agreed("/", &["A.Example.:8443"]), Ok("a.example:8443".into()));
        assert_eq!(agreed("https://a.example:8443/x", &[]), Ok("a.example:8443".into()));
        assert_eq!(agreed("https://a.example:8443/x", &["a.example"]), Ok("a.example:8443".into()));
        for (target, hosts) in [
            ("/", &["b.example"][..]),
            ("/", &["a.example:443"]),
            ("/", &["a.example", "a.example"]),
            ("/", &["a.example", "b.example"]),
            ("/", &["a.example@b.example"]),
            ("/", &["a.example, b.example"]),
            ("/", &[""]),
            ("/", &[]),
            ("https://b.example:8443/", &["a.example"]),
            ("https://a.example:8443/", &["b.example"]),
            ("http://a.example:8443/", &["a.example"]),
        ] {
            assert!(agreed(target, hosts).is_err(), "{target} {hosts:?}");
        }
    }

    #[test]
    fn an_address_is_its_own_host() {
        let to = Destination::parse("[2001:db8::1]:443", 0).expect("a destination");
        let agreed =
            |host: &str| authority(&parts("GET", "/", &[host]), &to, true, |named| named).map(|host| host.to_string());
        assert_eq!(agreed("[2001:db8::1]"), Ok("[2001:db8::1]".into()));
        assert_eq!(agreed("[2001:DB8:0::1]:443"), Ok("[2001:db8::1]:443".into()));
        assert!(agreed("a.example").is_err());
    }

    #[test]
    fn bodies_are_framed_in_one_way() {
        let to = Destination::parse("a.example:80", 0).expect("a destination");
        let framed = |encodings: &[&str]| {
            let mut parts = parts("POST", "/", &["a.example"]);
            for encoding in encodings {
                parts.headers.append(TRANSFER_ENCODING, encoding.parse().expect("a value"));
            }
            authority(&parts, &to, false, |named| named).is_ok()
        };
        assert!(framed(&[]) && framed(&["chunked"]) && framed(&["Chunked"]));
        for encodings in
            [&["gzip, chunked"][..], &["chunked", "chunked"], &["identity"], &["chunked, identity"], &["xchunked"]]
        {
            assert!(!framed(encodings), "{encodings:?}");
        }
    }

    #[test]
    fn a_proxy_is_asked_for_other_hosts_only() {
        let target = |method: &str, text: &str| target(&parts(method, text, &[])).map(|to| to.to_string());
        assert_eq!(target("GET", "http://a.example/x"), Ok("a.example:80".into()));
        assert_eq!(target("CONNECT", "a.example:443"), Ok("a.example:443".into()));
        for (method, text) in
            [("GET", "/x"), ("GET", "https://a.example/"), ("CONNECT", "a.example"), ("GET", "http://0x7f.1/")]
        {
            assert!(target(method, text).is_err(), "{method} {text}");
        }
    }
}
