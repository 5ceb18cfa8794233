//! One request and its answer.

use std::error::Error;
use std::sync::Arc;

use http_body_util::BodyExt;
use hyper::body::{Bytes, Incoming};
use hyper::header::{COOKIE, EXPECT, HOST, HeaderMap, HeaderValue};
use hyper::http::request::Parts;
use hyper::http::uri::{Authority, PathAndQuery, Scheme, Uri};
use hyper::upgrade::OnUpgrade;
use hyper::{Request, Response, StatusCode, Version};
use tokio::time::timeout;

use super::Body;
use super::agree::authority;
use super::answer::text;
use super::headers::{end, upgrade, wants_websocket};
use super::route::{Lease, Route};
use super::taken_back::{taken_back, until_taken_back};
use super::upgrade::join;
use crate::dial::DialError;
use crate::limits::{TEXT_BYTES_MAX, UNREAD_BYTES_MAX, UNREAD_TIME};
use crate::link::{Report, Verdict};
use crate::refusal::Refusal;
use crate::secrets::Guard;

/// Answers one request: with what the host says, or why it is not asked.
pub(crate) async fn exchange(route: Arc<Route>, request: Request<Incoming>) -> Response<Body> {
    let (parts, body) = request.into_parts();
    let method = parts.method.clone();
    forward(&route, parts, body)
        .await
        .unwrap_or_else(|error| explain(&error, &format!("no {method} request to {}", route.pass.to)))
}

/// The answer that says why there is none of the host.
pub(crate) fn explain(error: &DialError, what: &str) -> Response<Body> {
    match error {
        DialError::Refused(refusal) => text(StatusCode::FORBIDDEN, refusal.text(what)),
        DialError::Failed(why) => text(StatusCode::BAD_GATEWAY, Refusal::by_gate(why.as_str()).text(what)),
    }
}

/// May it be made? Told to the supervisor, whatever the answer is.
async fn judge(route: &Route, parts: &Parts) -> Result<Authority, Refusal> {
    let connection = &route.connection;
    let path = parts.uri.path();
    let judged = match authority(parts, &route.pass.to, route.secure, |named| connection.session.whole(named)) {
        Err(why) => Err(Refusal::by_gate(why)),
        Ok(authority) => {
            let ruling = connection.session.rules().request(&route.pass.to, parts.method.as_str(), path);
            match route.pass.admits(&ruling) {
                true if ruling.allowed() => Ok((authority, Verdict::from(&ruling))),
                // What lets it through is what let the connection through: the user.
                true => Ok((authority, Verdict::from(&route.pass.ruling))),
                false => Err(Refusal::by_rule(&ruling, connection.session.rules().smallest_change(&route.pass.to))),
            }
        }
    };
    let verdict = match &judged {
        Ok((_, verdict)) => verdict.clone(),
        Err(refusal) => refusal.verdict.clone(),
    };
    let report = Report::Request {
        connection: connection.id,
        to: connection.endpoint(),
        method: parts.method.as_str().chars().take(TEXT_BYTES_MAX / 16).collect(),
        path: path.chars().take(TEXT_BYTES_MAX).collect(),
        verdict,
    };
    connection.session.outbox.send(report).await;
    judged.map(|(authority, _)| authority)
}

async fn forward(route: &Arc<Route>, mut parts: Parts, body: Incoming) -> Result<Response<Body>, DialError> {
    let mut guard = Guard::new(route);
    let authority = match admit(route, &mut parts, &mut guard).await {
        Ok(authority) => authority,
        Err(refusal) => {
            hear_out(&parts, body).await;
            return Err(DialError::Refused(refusal));
        }
    };
    let websocket = parts.version == Version::HTTP_11 && wants_websocket(&parts.headers);
    let client = parts.extensions.remove::<OnUpgrade>().filter(|_| websocket);
    end(&mut parts.headers);
    // hyper has told the client to go on when the body is read, and waits for nobody's leave.
    parts.headers.remove(EXPECT);
    if websocket {
        upgrade(&mut parts.headers);
    }
    let lease = route.lease(websocket).await?;
    address(&mut parts, &authority, route.secure, &lease)?;
    let body = until_taken_back(route, body.map_err(Into::into).boxed_unsync());
    let body = guard.body_out(&mut parts.headers, body);
    let response = lease.send(Request::from_parts(parts, body), route).await;
    let response = response.map_err(|error| unanswered(route, &error, &guard))?;
    let (mut parts, body) = response.into_parts();
    guard.check_head(&parts).await.map_err(DialError::Refused)?;
    let switched = parts.status == StatusCode::SWITCHING_PROTOCOLS;
    end(&mut parts.headers);
    if switched {
        let server = parts.extensions.remove::<OnUpgrade>();
        let (Some(client), Some(server)) = (client, server) else {
            return Err(DialError::Failed("the host switched to a protocol that nobody asked for".to_owned()));
        };
        upgrade(&mut parts.headers);
        let (joined, ended) = (join(client, server, guard.scan_in()), taken_back(route));
        route.goes_on(tokio::spawn(async move {
            tokio::select! { () = joined => {} () = ended => {} }
        }));
    }
    parts.version = Version::HTTP_11;
    let body = until_taken_back(route, body.map_err(Into::into).boxed_unsync());
    Ok(Response::from_parts(parts, guard.body_in(body)))
}

/// May it be made, and with its secrets?
async fn admit(route: &Route, parts: &mut Parts, guard: &mut Guard) -> Result<Authority, Refusal> {
    let authority = judge(route, parts).await?;
    guard.enter(parts).await?;
    Ok(authority)
}

/// Reads what little a client has to say that will be refused: some take an answer before they have said all for a broken
/// connection. Not from those who wait for leave to say it.
async fn hear_out(parts: &Parts, mut body: Incoming) {
    if parts.headers.contains_key(EXPECT) {
        return;
    }
    let read = async {
        let mut left = UNREAD_BYTES_MAX;
        while let Some(Ok(frame)) = body.frame().await {
            let Some(less) = left.checked_sub(frame.data_ref().map_or(0, Bytes::len)) else { return };
            left = less;
        }
    };
    let _ = timeout(UNREAD_TIME, read).await;
}

/// Writes the host into a request as the version of HTTP wants it, and nothing else that the client said of it.
fn address(parts: &mut Parts, authority: &Authority, secure: bool, lease: &Lease) -> Result<(), DialError> {
    let target = parts.uri.path_and_query().cloned().unwrap_or_else(|| PathAndQuery::from_static("/"));
    let mut uri = hyper::http::uri::Parts::default();
    uri.path_and_query = Some(target);
    parts.headers.remove(HOST);
    join_cookies(&mut parts.headers);
    if lease.is_two() {
        uri.scheme = Some(if secure { Scheme::HTTPS } else { Scheme::HTTP });
        uri.authority = Some(authority.clone());
        parts.version = Version::HTTP_2;
    } else {
        let host = HeaderValue::from_str(authority.as_str());
        parts.headers.insert(HOST, host.map_err(|error| DialError::Failed(error.to_string()))?);
        parts.version = Version::HTTP_11;
    }
    parts.uri = Uri::from_parts(uri).map_err(|error| DialError::Failed(error.to_string()))?;
    Ok(())
}

/// HTTP/2 may split cookies, HTTP/1.1 may not (RFC 9113, section 8.2.3).
fn join_cookies(headers: &mut HeaderMap) {
    let cookies: Vec<&[u8]> = headers.get_all(COOKIE).iter().map(HeaderValue::as_bytes).collect();
    if cookies.len() > 1
        && let Ok(joined) = HeaderValue::from_bytes(&cookies.join(&b"; "[..]))
    {
        headers.insert(COOKIE, joined);
    }
}

/// The request was sent in part, or its answer did not come: the gate's own reason before that of the connection.
fn unanswered(route: &Route, error: &hyper::Error, guard: &Guard) -> DialError {
    if let Some(refusal) = guard.stopped() {
        return DialError::Refused(refusal);
    }
    if route.meter.crossed().is_some() {
        return DialError::Refused(Refusal::by_gate("a budget of the network is used up"));
    }
    let cause = error.source().map(|cause| format!(": {cause}")).unwrap_or_default();
    DialError::Failed(format!("{} does not answer: {error}{cause}", route.pass.to))
}
