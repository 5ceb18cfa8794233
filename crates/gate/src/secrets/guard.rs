//! What stands between one request with its answer and the secrets of the session.

use std::sync::{Arc, OnceLock};

use http_body_util::BodyExt;
use hyper::HeaderMap;
use hyper::body::Bytes;
use hyper::ext::ReasonPhrase;
use hyper::header::{ACCEPT_ENCODING, CONTENT_ENCODING, CONTENT_LENGTH, HeaderValue, SEC_WEBSOCKET_EXTENSIONS};
use hyper::http::{request, response};
use pinfold_mask::unescaped;
use pinfold_policy::SecretUse;

use super::Secrets;
use super::body::{Look, Searched};
use super::needles::Found;
use super::places::swap;
use super::stream::{Search, Then};
use crate::http::{AnyError, Body, Route};
use crate::link::{Report, SecretEvent};
use crate::refusal::Refusal;
use crate::session::Session;

/// The guard of one request.
#[derive(Debug, Clone)]
pub(crate) struct Guard {
    route: Arc<Route>,
    /// Did a value go into this request, or may one?
    used: bool,
    /// Why the request was stopped in its body.
    stopped: Arc<OnceLock<Refusal>>,
}

impl Guard {
    pub(crate) fn new(route: &Arc<Route>) -> Self {
        Self { route: route.clone(), used: false, stopped: Arc::default() }
    }

    fn session(&self) -> &Session {
        &self.route.connection.session
    }

    fn secrets(&self) -> &Secrets {
        &self.session().secrets
    }

    /// Puts values into the head of a request, and makes sure that no placeholder is left.
    pub(crate) async fn enter(&mut self, parts: &mut request::Parts) -> Result<(), Refusal> {
        if self.secrets().placeholders.is_none() {
            return Ok(());
        }
        let route = self.route.clone();
        for (place, lent) in route.connection.session.secrets.of(&route.pass.to) {
            if swap(lent, parts).map_err(Refusal::by_gate)? {
                self.used = true;
                self.tell(place, SecretEvent::Used).await;
            }
        }
        if self.secrets().any_of(&route.pass.to) {
            // What comes back must be readable, or nobody could see a value in it.
            parts.headers.insert(ACCEPT_ENCODING, HeaderValue::from_static("identity"));
            parts.headers.remove(SEC_WEBSOCKET_EXTENSIONS);
        }
        match self.misplaced(parts) {
            None => Ok(()),
            Some((found, place)) => {
                let refusal = self.placeholder_in(found, &place);
                self.tell(found.of, SecretEvent::Misplaced { place }).await;
                Err(refusal)
            }
        }
    }

    fn misplaced(&self, parts: &request::Parts) -> Option<(Found, String)> {
        let needles = self.secrets().placeholders.as_ref()?;
        let find = |bytes: &[u8]| needles.find(bytes).next();
        let read = |text: &str| unescaped(text.as_bytes()).map(|(_, byte)| byte).collect::<Vec<u8>>();
        let in_address = |text: &str| find(text.as_bytes()).or_else(|| find(&read(text)));
        if let Some(found) = find(parts.method.as_str().as_bytes()) {
            return Some((found, "method".to_owned()));
        }
        if let Some(found) = in_address(parts.uri.path()) {
            return Some((found, "path".to_owned()));
        }
        if let Some(found) = parts.uri.query().and_then(in_address) {
            return Some((found, "query".to_owned()));
        }
        find_in_headers(&parts.headers, find)
    }

    fn placeholder_in(&self, found: Found, place: &str) -> Refusal {
        let name = self.secrets().name(found.of);
        Refusal::by_gate(format!(
            "the placeholder of the secret {name} stands in its {place}, where the policy does not put it"
        ))
    }

    /// The body of the request: with values where they belong, and stopped at any other placeholder.
    pub(crate) fn body_out(&mut self, headers: &mut HeaderMap, body: Body) -> Body {
        let Some(needles) = self.secrets().placeholders.clone() else { return body };
        if hyper::body::Body::is_end_stream(&body) {
            return body;
        }
        let in_body = self.secrets().of(&self.route.pass.to).any(|(_, lent)| lent.secret.r#in == SecretUse::Body);
        if in_body {
            headers.remove(CONTENT_LENGTH);
            // Whether it does is known only when the answer may have begun.
            self.used = true;
        }
        let look = LookOut { guard: self.clone(), search: Search::new(needles) };
        Searched::new(body, look, !in_body).boxed_unsync()
    }

    /// Makes sure that no value comes back in the head of an answer, and that its body can be looked at.
    pub(crate) async fn check_head(&self, parts: &response::Parts) -> Result<(), Refusal> {
        let Some(needles) = &self.secrets().values else { return Ok(()) };
        let find = |bytes: &[u8]| needles.find(bytes).next();
        let reason = parts.extensions.get::<ReasonPhrase>();
        let in_reason = reason.and_then(|reason| Some((find(reason.as_bytes())?, "status".to_owned())));
        if let Some((found, place)) = in_reason.or_else(|| find_in_headers(&parts.headers, find)) {
            let refusal = self.value_in(found, &place);
            self.tell(found.of, SecretEvent::Returned { place }).await;
            return Err(refusal);
        }
        let encoded = parts.headers.get_all(CONTENT_ENCODING).iter().any(|value| value != "identity");
        match self.used && encoded {
            true => Err(Refusal::by_gate(
                "its answer is compressed although that was not asked for, so a secret in it could not be seen",
            )),
            false => Ok(()),
        }
    }

    fn value_in(&self, found: Found, place: &str) -> Refusal {
        let name = self.secrets().name(found.of);
        Refusal::by_gate(format!("the value of the secret {name} stands in the {place} of the answer"))
    }

    /// The body of the answer, stopped at any value.
    pub(crate) fn body_in(&self, body: Body) -> Body {
        match self.scan_in() {
            ScanIn(None) => body,
            scan => Searched::new(body, scan, true).boxed_unsync(),
        }
    }

    /// A search for values in what comes back.
    pub(crate) fn scan_in(&self) -> ScanIn {
        let search = self.secrets().values.clone().map(Search::new);
        ScanIn(search.map(|search| (self.clone(), search)))
    }

    /// Why the body of the request was stopped, if it was.
    pub(crate) fn stopped(&self) -> Option<Refusal> {
        self.stopped.get().cloned()
    }

    async fn tell(&self, secret: usize, event: SecretEvent) {
        self.session().outbox.send(self.report(secret, event)).await;
    }

    /// Tells from where nothing can be waited for.
    fn tell_later(&self, secret: usize, event: SecretEvent) {
        let (guard, report) = (self.clone(), self.report(secret, event));
        tokio::spawn(async move { guard.session().outbox.send(report).await });
    }

    fn report(&self, secret: usize, event: SecretEvent) -> Report {
        let connection = &self.route.connection;
        Report::Secret {
            connection: connection.id,
            name: self.secrets().name(secret),
            to: connection.endpoint(),
            event,
        }
    }
}

fn find_in_headers(headers: &HeaderMap, find: impl Fn(&[u8]) -> Option<Found>) -> Option<(Found, String)> {
    headers.iter().find_map(|(name, value)| {
        let found = find(value.as_bytes()).or_else(|| find(name.as_str().as_bytes()))?;
        // Long enough for any name that means something.
        let name: String = name.as_str().chars().take(64).collect();
        Some((found, format!("header:{name}")))
    })
}

/// Looks at what goes out.
struct LookOut {
    guard: Guard,
    search: Search,
}

impl Look for LookOut {
    fn pass(&mut self, piece: Bytes) -> Result<Bytes, AnyError> {
        let (secrets, to) = (self.guard.secrets(), &self.guard.route.pass.to);
        let own = |found: &Found| {
            let in_body = |(place, lent): &(usize, &crate::link::LentSecret)| {
                *place == found.of && lent.secret.r#in == SecretUse::Body
            };
            secrets.of(to).find(in_body).filter(|_| found.plain)
        };
        let then = |found: Found| match own(&found) {
            Some((place, lent)) => {
                self.guard.tell_later(place, SecretEvent::Used);
                Then::Replace(lent.value.clone().into_bytes())
            }
            None => Then::Stop,
        };
        self.search.pass(piece, then).map_err(|found| {
            let refusal = self.guard.placeholder_in(found, "body");
            self.guard.tell_later(found.of, SecretEvent::Misplaced { place: "body".to_owned() });
            let why = refusal.verdict.reason.clone();
            let _ = self.guard.stopped.set(refusal);
            why.into()
        })
    }

    fn rest(&mut self) -> Bytes {
        self.search.rest()
    }

    fn trailers(&mut self, trailers: &HeaderMap) -> Result<(), AnyError> {
        let Some(needles) = &self.guard.secrets().placeholders else { return Ok(()) };
        match find_in_headers(trailers, |bytes| needles.find(bytes).next()) {
            None => Ok(()),
            Some((found, place)) => {
                self.guard.tell_later(found.of, SecretEvent::Misplaced { place });
                Err("a placeholder stands in the trailers".into())
            }
        }
    }
}

/// Looks at what comes in.
#[derive(Debug)]
pub(crate) struct ScanIn(Option<(Guard, Search)>);

impl Look for ScanIn {
    fn pass(&mut self, piece: Bytes) -> Result<Bytes, AnyError> {
        let Some((guard, search)) = &mut self.0 else { return Ok(piece) };
        search.pass(piece, |_| Then::Stop).map_err(|found| {
            guard.tell_later(found.of, SecretEvent::Returned { place: "body".to_owned() });
            guard.value_in(found, "body").verdict.reason.into()
        })
    }

    fn rest(&mut self) -> Bytes {
        self.0.as_mut().map(|(_, search)| search.rest()).unwrap_or_default()
    }

    fn trailers(&mut self, trailers: &HeaderMap) -> Result<(), AnyError> {
        let Some((guard, _)) = &self.0 else { return Ok(()) };
        let Some(needles) = &guard.secrets().values else { return Ok(()) };
        match find_in_headers(trailers, |bytes| needles.find(bytes).next()) {
            None => Ok(()),
            Some((found, place)) => {
                guard.tell_later(found.of, SecretEvent::Returned { place });
                Err("a secret stands in the trailers".into())
            }
        }
    }
}
