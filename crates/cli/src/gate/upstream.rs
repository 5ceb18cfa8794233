//! The proxy that the caller's network wants everybody to use, by the variables that curl(1) reads.

use pinfold_gate::link::{Credentials, Scheme, Upstream};
use pinfold_mask::unescaped;
use pinfold_policy::Host;

use crate::context::Context;
use crate::error::CliError;

/// Variables that name a proxy, the first that is set counts.
const PROXIES: [&str; 6] = ["https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY", "http_proxy", "HTTP_PROXY"];

/// The caller's proxy, if there is one.
pub(crate) fn of_caller(context: &Context) -> Result<Option<Upstream>, CliError> {
    let set = PROXIES.iter().find_map(|name| Some((name, context.text(name)?)));
    let Some((name, text)) = set.filter(|(_, text)| !text.is_empty()) else { return Ok(None) };
    let read = read(text).map_err(|why| CliError::new(format!("{name} names no proxy that pinfold can use")).why(why));
    read.map(Some)
}

/// What is reached without it.
pub(crate) fn exceptions(context: &Context) -> Vec<String> {
    let list = context.text("no_proxy").or_else(|| context.text("NO_PROXY")).unwrap_or_default();
    list.split([',', ' ']).map(str::trim).filter(|entry| !entry.is_empty()).map(str::to_owned).collect()
}

/// `[SCHEME://][USER[:PASSWORD]@]HOST[:PORT][/]`.
fn read(text: &str) -> Result<Upstream, &'static str> {
    let (scheme, rest) = text.split_once("://").unwrap_or(("http", text));
    let (scheme, port) = match scheme {
        "http" => (Scheme::Http, 80),
        "socks5" | "socks5h" => (Scheme::Socks5, 1080),
        _ => return Err("it begins with another scheme than http://, socks5:// or socks5h://"),
    };
    let rest = rest.trim_end_matches('/');
    let (credentials, place) = match rest.rsplit_once('@') {
        Some((credentials, place)) => (Some(credentials), place),
        None => (None, rest),
    };
    let (host, written) = Host::split_port(place);
    let port = written.map_or(Ok(port), str::parse).map_err(|_| "its port is no number")?;
    let host = host.trim_start_matches('[').trim_end_matches(']').to_owned();
    if host.is_empty() || host.contains('/') {
        return Err("it names no host");
    }
    let credentials = credentials.map(|text| {
        let (user, password) = text.split_once(':').unwrap_or((text, ""));
        Credentials { user: decoded(user), password: decoded(password) }
    });
    Ok(Upstream { scheme, host, port, credentials })
}

/// Text with `%` escapes (RFC 3986, section 2.1).
fn decoded(text: &str) -> String {
    let bytes: Vec<u8> = unescaped(text.as_bytes()).map(|(_, byte)| byte).collect();
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_usual_ways_to_write_a_proxy_are_read() {
        let shown = |text: &str| {
            read(text).map(|Upstream { scheme, host, port, credentials }| {
                let who = credentials.map(|who| format!("{}+{}@", who.user, who.password)).unwrap_or_default();
                format!("{scheme:?} {who}{host} {port}")
            })
        };
        assert_eq!(shown("http://proxy.corp.example:3128/").as_deref(), Ok("Http proxy.corp.example 3128"));
        assert_eq!(shown("proxy.corp.example").as_deref(), Ok("Http proxy.corp.example 80"));
        assert_eq!(shown("http://ada:p%40ss@10.0.0.1:80").as_deref(), Ok("Http ada+p@ss@10.0.0.1 80"));
        assert_eq!(shown("socks5h://[2001:db8::1]:9050").as_deref(), Ok("Socks5 2001:db8::1 9050"));
        assert_eq!(shown("socks5://[::1]").as_deref(), Ok("Socks5 ::1 1080"));
        for text in ["https://a", "ftp://a", "http://", "http://a:b", "http://:80"] {
            assert!(shown(text).is_err(), "{text}");
        }
    }

    #[test]
    fn escapes_are_decoded_and_what_only_looks_like_one_stays() {
        assert_eq!(decoded("a%20b%zz%+1%4"), "a b%zz%+1%4");
    }
}
