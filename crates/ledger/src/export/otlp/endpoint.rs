//! Where a collector is, and how it knows us.

use std::fmt;
use std::path::PathBuf;

use hyper::Uri;
use hyper::header::{CONTENT_LENGTH, CONTENT_TYPE, HOST, HeaderMap, HeaderName, HeaderValue};
use hyper::http::uri::Scheme;

use super::Error;

/// The path for log records, where an endpoint has none.
const LOGS: &str = "/v1/logs";

/// A collector's address, with the headers to send and the certificates to trust.
#[derive(Debug, Clone)]
pub struct Endpoint {
    pub(super) secure: bool,
    pub(super) host: String,
    pub(super) port: u16,
    /// Path and query.
    pub(super) target: String,
    pub(super) headers: HeaderMap,
    pub(super) roots: Vec<PathBuf>,
}

impl Endpoint {
    /// Reads `http://HOST:4318` or `https://HOST/PATH`. Without a path it is `/v1/logs`, without a port that of the scheme.
    pub fn new(url: &str) -> Result<Self, Error> {
        let wrong = |why| Error::Endpoint { url: without_user(url).to_owned(), why };
        let uri: Uri = url.parse().map_err(|_| wrong("it is no URL"))?;
        let secure = match uri.scheme() {
            Some(scheme) if *scheme == Scheme::HTTP => false,
            Some(scheme) if *scheme == Scheme::HTTPS => true,
            _ => return Err(wrong("it begins with neither `http://` nor `https://`")),
        };
        let authority = uri.authority().ok_or_else(|| wrong("it names no host"))?;
        if authority.as_str().contains('@') {
            return Err(wrong("a user and a password belong into a header"));
        }
        let host = authority.host().trim_start_matches('[').trim_end_matches(']').to_owned();
        let port = authority.port_u16().unwrap_or(if secure { 443 } else { 80 });
        let target = uri.path_and_query().map_or(LOGS, |target| target.as_str());
        let target = if target == "/" { LOGS } else { target }.to_owned();
        let named = HeaderValue::from_str(authority.as_str()).map_err(|_| wrong("its host cannot be sent"))?;
        let headers = [(HOST, named), (CONTENT_TYPE, HeaderValue::from_static("application/json"))];
        Ok(Self { secure, host, port, target, headers: headers.into_iter().collect(), roots: Vec::new() })
    }

    /// Sends a header with every request, such as `authorization`. Its value is shown nowhere.
    pub fn header(mut self, name: &str, value: &str) -> Result<Self, Error> {
        let wrong = || Error::Header(name.to_owned());
        let header = HeaderName::from_bytes(name.as_bytes()).map_err(|_| wrong())?;
        // These are ours to say.
        if [HOST, CONTENT_TYPE, CONTENT_LENGTH].contains(&header) {
            return Err(wrong());
        }
        let mut value = HeaderValue::from_str(value).map_err(|_| wrong())?;
        value.set_sensitive(true);
        self.headers.append(header, value);
        Ok(self)
    }

    /// Trusts the certificates in these files of PEM. Without any, no `https://` endpoint is reached.
    pub fn trusting(mut self, files: impl IntoIterator<Item = PathBuf>) -> Self {
        self.roots.extend(files);
        self
    }
}

/// Host and port.
impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&crate::event::endpoint(&self.host, self.port))
    }
}

/// A URL without what may be a password.
fn without_user(url: &str) -> &str {
    url.rsplit('@').next().unwrap_or(url)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_left_out_is_that_of_the_protocol() {
        let read = |url: &str| {
            let endpoint = Endpoint::new(url).expect(url);
            (endpoint.secure, endpoint.to_string(), endpoint.target)
        };
        assert_eq!(read("http://127.0.0.1:4318"), (false, "127.0.0.1:4318".into(), "/v1/logs".into()));
        assert_eq!(read("http://[::1]:4318/"), (false, "[::1]:4318".into(), "/v1/logs".into()));
        assert_eq!(read("https://otlp.example/a?b=c"), (true, "otlp.example:443".into(), "/a?b=c".into()));
    }

    #[test]
    fn what_is_no_endpoint_is_said_without_its_password() {
        for url in ["", "collector:4318", "ftp://a.example/", "/v1/logs", "http://ann:hunter2@a.example/"] {
            let error = Endpoint::new(url).expect_err(url).to_string();
            assert!(!error.contains("hunter2"), "{error}");
        }
    }

    #[test]
    fn the_value_of_a_header_is_not_shown() {
        let endpoint = Endpoint::new("http://a.example").expect("an endpoint");
        let endpoint = endpoint.header("authorization", "Bearer hunter2").expect("a header");
        assert!(!format!("{endpoint:?}").contains("hunter2"), "{endpoint:?}");
        for (name, value) in [("a b", "c"), ("a", "b\r\nc: d"), ("Host", "b.example")] {
            assert!(endpoint.clone().header(name, value).is_err(), "{name}: {value}");
        }
    }
}
