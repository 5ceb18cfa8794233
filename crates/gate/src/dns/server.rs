//! Questions over UDP and TCP (RFC 1035, section 4.2; RFC 7766).

use std::sync::Arc;

use pinfold_policy::{Decision, Name, Ruling};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream, UdpSocket};
use tokio::sync::Semaphore;
use tokio::time::timeout;

use super::answer::{About, Answer, Question};
use super::pool::Meaning;
use crate::accept::next;
use crate::limits::{DNS_BYTES_MAX, DNS_TCP_CONNECTIONS_MAX, DNS_TCP_IDLE};
use crate::link::{Report, Verdict};
use crate::session::Session;

/// Answers datagrams, one after the other: nothing here waits for anybody but the supervisor.
pub(crate) async fn serve_udp(socket: UdpSocket, session: Arc<Session>) {
    let mut bytes = vec![0; DNS_BYTES_MAX];
    loop {
        let Ok((length, from)) = socket.recv_from(&mut bytes).await else { continue };
        if let Some(reply) = reply(&session, bytes.get(..length).unwrap_or_default()).await {
            let _ = socket.send_to(&reply, from).await;
        }
    }
}

/// Answers connections.
pub(crate) async fn serve_tcp(listener: TcpListener, session: Arc<Session>) {
    let room = Arc::new(Semaphore::new(DNS_TCP_CONNECTIONS_MAX));
    while let Some((place, stream, _)) = next(&listener, &room).await {
        let session = session.clone();
        tokio::spawn(async move {
            converse(stream, &session).await;
            drop(place);
        });
    }
}

async fn converse(mut stream: TcpStream, session: &Session) {
    while let Ok(Some(question)) = timeout(DNS_TCP_IDLE, receive(&mut stream)).await {
        let Some(reply) = reply(session, &question).await else { return };
        let Ok(length) = u16::try_from(reply.len()) else { return };
        let framed = [&length.to_be_bytes()[..], &reply].concat();
        if !matches!(timeout(DNS_TCP_IDLE, stream.write_all(&framed)).await, Ok(Ok(()))) {
            return;
        }
    }
}

async fn receive(stream: &mut TcpStream) -> Option<Vec<u8>> {
    let length = usize::from(stream.read_u16().await.ok()?);
    let mut bytes = vec![0; Some(length).filter(|length| *length <= DNS_BYTES_MAX)?];
    stream.read_exact(&mut bytes).await.ok()?;
    Some(bytes)
}

async fn reply(session: &Session, bytes: &[u8]) -> Option<Vec<u8>> {
    let question = Question::read(bytes)?;
    let (answer, verdict) = decide(session, &question.about);
    session.outbox.send(Report::Looked { name: question.text, kind: question.kind, verdict }).await;
    Question::reply(bytes, &answer)
}

fn decide(session: &Session, about: &About) -> (Answer, Verdict) {
    let (name, shape): (&Name, fn(_) -> Answer) = match about {
        About::V4(name) => (name, |(v4, _)| Answer::V4(v4)),
        About::V6(name) => (name, |(_, v6)| Answer::V6(v6)),
        About::Services(name) => (name, |_| Answer::Nothing),
        About::Address(address) => {
            return match session.pool.meaning(*address) {
                Meaning::Name(name) => (Answer::Name(name), said(Decision::Allow, "it is an address of the gate")),
                _ => (Answer::NoSuchName, said(Decision::Deny, "it is no address of the gate")),
            };
        }
        About::Refused(why) => return (Answer::Refused, said(Decision::Deny, why)),
    };
    let name = &session.search.complete(name.clone(), &session.rules());
    let ruling = session.rules().name(name);
    let asked = session.ask.is_on() && ruling.verdict == Decision::Unnamed;
    if !ruling.allowed() && !asked {
        return (Answer::NoSuchName, Verdict::from(&ruling));
    }
    match session.pool.address(name) {
        Some(addresses) => (shape(addresses), answered(&ruling)),
        None => (Answer::Failed, said(Decision::Deny, "too many names were asked for")),
    }
}

/// A name that the user will be asked about is answered, whatever the rules do not say.
fn answered(ruling: &Ruling) -> Verdict {
    Verdict { decision: Decision::Allow, ..Verdict::from(ruling) }
}

fn said(decision: Decision, reason: &str) -> Verdict {
    Verdict { decision, reason: reason.to_owned(), rule: None }
}
