//! Headers that are about one connection and end with it (RFC 9110, section 7.6.1).

use hyper::header::{
    ALT_SVC, CONNECTION, HeaderMap, HeaderName, HeaderValue, PROXY_AUTHENTICATE, PROXY_AUTHORIZATION, TE,
    TRANSFER_ENCODING, UPGRADE,
};

const KEEP_ALIVE: HeaderName = HeaderName::from_static("keep-alive");
const PROXY_CONNECTION: HeaderName = HeaderName::from_static("proxy-connection");
const HTTP2_SETTINGS: HeaderName = HeaderName::from_static("http2-settings");

/// Removes what ends here, and what leads around the gate.
pub(super) fn end(headers: &mut HeaderMap) {
    let named: Vec<HeaderName> = options(headers).filter_map(|option| option.parse().ok()).collect();
    let wants_trailers = headers.get_all(TE).iter().any(|value| tokens(value).any(|token| token == "trailers"));
    let always = [
        CONNECTION,
        KEEP_ALIVE,
        PROXY_CONNECTION,
        PROXY_AUTHENTICATE,
        PROXY_AUTHORIZATION,
        TE,
        TRANSFER_ENCODING,
        UPGRADE,
        HTTP2_SETTINGS,
        // The same host by other means, such as QUIC, which the gate does not carry.
        ALT_SVC,
    ];
    for name in named.iter().chain(&always) {
        headers.remove(name);
    }
    if wants_trailers {
        headers.insert(TE, HeaderValue::from_static("trailers"));
    }
}

/// Does a request want to become a WebSocket (RFC 6455, section 4.1)? Of all upgrades it is the one that is let through:
/// another one could be a second HTTP in which requests go unseen.
pub(super) fn wants_websocket(headers: &HeaderMap) -> bool {
    let upgrades: Vec<&HeaderValue> = headers.get_all(UPGRADE).iter().collect();
    let [only] = upgrades.as_slice() else { return false };
    only.as_bytes().eq_ignore_ascii_case(b"websocket") && options(headers).any(|option| option == "upgrade")
}

/// Puts back what [`end`] removed from a request or an answer that is an upgrade.
pub(super) fn upgrade(headers: &mut HeaderMap) {
    headers.insert(CONNECTION, HeaderValue::from_static("Upgrade"));
    headers.insert(UPGRADE, HeaderValue::from_static("websocket"));
}

fn options(headers: &HeaderMap) -> impl Iterator<Item = String> + '_ {
    headers.get_all(CONNECTION).iter().flat_map(tokens)
}

fn tokens(value: &HeaderValue) -> impl Iterator<Item = String> + '_ {
    let tokens = value.as_bytes().split(|byte| *byte == b',');
    tokens.map(|token| String::from_utf8_lossy(token.trim_ascii()).to_ascii_lowercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(list: &[(&str, &str)]) -> HeaderMap {
        let header = |(name, value): &(&str, &str)| {
            (name.parse::<HeaderName>().expect("a name"), value.parse().expect("a value"))
        };
        list.iter().map(header).collect()
    }

    #[test]
    fn what_is_about_the_connection_ends_with_it() {
        let mut headers = headers(&[
            ("connection", "close, X-Hop"),
            ("x-hop", "1"),
            ("x-stays", "1"),
            ("te", "gzip, trailers"),
            ("upgrade", "h2c"),
            ("proxy-authorization", "Basic x"),
        ]);
        end(&mut headers);
        assert_eq!(headers.keys().map(HeaderName::as_str).collect::<Vec<_>>(), ["x-stays", "te"]);
        assert_eq!(headers[TE], "trailers");
    }

    #[test]
    fn only_a_websocket_is_an_upgrade() {
        let wants = |connection: &str, upgrade: &str| {
            wants_websocket(&headers(&[("connection", connection), ("upgrade", upgrade)]))
        };
        assert!(wants("keep-alive, Upgrade", "WebSocket"));
        assert!(!wants("upgrade", "h2c") && !wants("keep-alive", "websocket") && !wants("upgrade", "websocket, h2c"));
    }
}
