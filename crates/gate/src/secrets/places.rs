//! The places of a request where a value may stand: a header, a key of the query, the password of basic authentication.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use hyper::header::{AUTHORIZATION, HeaderMap, HeaderName, HeaderValue};
use hyper::http::request::Parts;
use hyper::http::uri::{PathAndQuery, Uri};
use pinfold_mask::percent;
use pinfold_policy::SecretUse;

use crate::link::LentSecret;

/// Puts a secret's value where its placeholder stands in its place. Was it there?
///
/// # Errors
/// When the value cannot stand there, or the place is not what it is taken for.
pub(super) fn swap(lent: &LentSecret, parts: &mut Parts) -> Result<bool, String> {
    let cannot = || format!("the value of the secret {} cannot stand in {}", lent.secret.name, lent.secret.r#in.text());
    match &lent.secret.r#in {
        SecretUse::Header(name) => in_header(lent, name, &mut parts.headers).ok_or_else(cannot),
        SecretUse::Basic => in_basic(lent, &mut parts.headers).ok_or_else(cannot),
        SecretUse::Query(key) => in_query(lent, key, &mut parts.uri).ok_or_else(cannot),
        // It comes after the head.
        SecretUse::Body => Ok(false),
    }
}

/// Nothing when the value does not fit.
fn in_header(lent: &LentSecret, name: &str, headers: &mut HeaderMap) -> Option<bool> {
    let name: HeaderName = name.parse().ok()?;
    let mut swapped = false;
    if let hyper::header::Entry::Occupied(mut entry) = headers.entry(name) {
        for header in entry.iter_mut() {
            let text = String::from_utf8_lossy(header.as_bytes()).into_owned();
            if text.contains(&lent.placeholder) {
                *header = sensitive(&text.replace(&lent.placeholder, &lent.value))?;
                swapped = true;
            }
        }
    }
    Some(swapped)
}

fn in_basic(lent: &LentSecret, headers: &mut HeaderMap) -> Option<bool> {
    let Some(header) = headers.get_mut(AUTHORIZATION) else { return Some(false) };
    let Some((user, password)) = basic(header) else { return Some(false) };
    if !password.contains(&lent.placeholder) {
        return Some(false);
    }
    let password = password.replace(&lent.placeholder, &lent.value);
    *header = sensitive(&format!("Basic {}", BASE64_STANDARD.encode(format!("{user}:{password}"))))?;
    Some(true)
}

/// User and password of basic authentication (RFC 7617, section 2).
fn basic(header: &HeaderValue) -> Option<(String, String)> {
    let (scheme, encoded) = header.to_str().ok()?.split_once(' ')?;
    let decoded = scheme.eq_ignore_ascii_case("basic").then(|| BASE64_STANDARD.decode(encoded.trim()))?.ok()?;
    let text = String::from_utf8(decoded).ok()?;
    let (user, password) = text.split_once(':')?;
    Some((user.to_owned(), password.to_owned()))
}

fn in_query(lent: &LentSecret, key: &str, uri: &mut Uri) -> Option<bool> {
    let Some(query) = uri.query().filter(|query| query.contains(&lent.placeholder)) else { return Some(false) };
    let value = percent(&lent.value);
    let mut swapped = false;
    let pair = |pair: &str| match pair.split_once('=') {
        Some((own, text)) if own == key && text.contains(&lent.placeholder) => {
            swapped = true;
            format!("{own}={}", text.replace(&lent.placeholder, &value))
        }
        _ => pair.to_owned(),
    };
    let query: Vec<String> = query.split('&').map(pair).collect();
    let mut parts = uri.clone().into_parts();
    parts.path_and_query = Some(PathAndQuery::try_from(format!("{}?{}", uri.path(), query.join("&"))).ok()?);
    *uri = Uri::from_parts(parts).ok()?;
    Some(swapped)
}

fn sensitive(text: &str) -> Option<HeaderValue> {
    let mut value = HeaderValue::from_str(text).ok()?;
    // HTTP/2 then keeps it out of its table of headers.
    value.set_sensitive(true);
    Some(value)
}
