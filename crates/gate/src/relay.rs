//! Bytes from one side to the other as they are, both ways, until both have said all.
//!
//! Little data goes through a buffer that all connections of a thread share, so that one that is idle has none. Much
//! data goes through a pipe, past this process (splice(2)), where a system has such a thing.

use std::cell::RefCell;
use std::io;
use std::pin::{Pin, pin};

use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::budget::Meter;
use crate::limits::{COPY_BYTES, HALF_CLOSED_SILENCE, PIPE_BYTES};
pub(crate) use crate::system::break_off;
use crate::system::{Lent, end_writing, waiting_bytes};
use crate::watch::Watch;

/// Why a relay was cut off by the gate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Cut {
    #[error("a budget of the network is used up")]
    Budget,
    #[error("a request or a client hello came so late that it was not recognised")]
    LateOpening,
    #[error("a second client hello names another host than the first")]
    OtherHello,
    #[error("what let it through was taken back")]
    TakenBack,
}

/// Carries bytes both ways. `early` was read from the client already and goes first; `ended` ends it from outside.
///
/// # Errors
/// When one side breaks off, or the gate does ([`Cut`]); then both sides are broken off.
pub(crate) async fn relay(
    client: TcpStream,
    server: TcpStream,
    early: Vec<u8>,
    watch: Watch,
    meter: &Meter,
    ended: impl Future<Output = ()>,
) -> io::Result<()> {
    let out = async {
        send_early(&server, &early, meter).await?;
        drop(early);
        pump(&client, &server, Direction::Out(watch), meter).await
    };
    let done = tokio::select! {
        done = both(out, pump(&server, &client, Direction::In, meter), meter) => done,
        () = ended => Err(io::Error::other(Cut::TakenBack)),
    };
    if done.is_err() {
        break_off(&client);
        break_off(&server);
    }
    done
}

/// Waits for both directions. When one has ended, the other one may not be silent for ever: whom it would tell something
/// may be gone without a word.
async fn both(
    out: impl Future<Output = io::Result<()>> + Send,
    back: impl Future<Output = io::Result<()>> + Send,
    meter: &Meter,
) -> io::Result<()> {
    let (mut out, mut back) = (pin!(out), pin!(back));
    let mut other: Pin<&mut (dyn Future<Output = io::Result<()>> + Send)> = tokio::select! {
        done = &mut out => { done?; back }
        done = &mut back => { done?; out }
    };
    loop {
        let before = meter.totals();
        match timeout(HALF_CLOSED_SILENCE, &mut other).await {
            Ok(done) => return done,
            Err(_) if meter.totals() == before => return Err(io::ErrorKind::TimedOut.into()),
            Err(_) => {}
        }
    }
}

enum Direction {
    /// To the host: counted before it is sent.
    Out(Watch),
    /// From the host.
    In,
}

async fn send_early(server: &TcpStream, mut early: &[u8], meter: &Meter) -> io::Result<()> {
    while !early.is_empty() {
        let (now, later) = early.split_at(meter.take(early.len()));
        if now.is_empty() {
            return Err(io::Error::other(Cut::Budget));
        }
        write_all(server, now).await?;
        meter.sent(now.len(), now.len());
        early = later;
    }
    Ok(())
}

async fn pump(from: &TcpStream, to: &TcpStream, mut direction: Direction, meter: &Meter) -> io::Result<()> {
    let mut much = false;
    loop {
        from.readable().await?;
        let moved = match much.then(Lent::take).flatten() {
            Some(pipe) => splice_while_there_is(pipe, from, to, &direction, meter).await,
            None => copy_once(from, to, &mut direction, meter).await,
        };
        match moved {
            Ok(0) => break,
            // A full buffer: there is probably more.
            Ok(count) => much = count >= COPY_BYTES && !matches!(&direction, Direction::Out(watch) if !watch.is_over()),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
            Err(error) => return Err(error),
        }
    }
    // The other direction goes on.
    end_writing(to);
    Ok(())
}

thread_local! {
    static BUFFER: RefCell<Box<[u8]>> = RefCell::new(vec![0; COPY_BYTES].into());
}

async fn copy_once(from: &TcpStream, to: &TcpStream, direction: &mut Direction, meter: &Meter) -> io::Result<usize> {
    let room = room(from, COPY_BYTES, direction, meter)?;
    let (count, rest) = BUFFER.with_borrow_mut(|buffer| {
        let read = from.try_read(buffer.get_mut(..room).unwrap_or_default());
        count(*read.as_ref().unwrap_or(&0), room, direction, meter);
        let bytes = buffer.get(..read?).unwrap_or_default();
        if let Direction::Out(watch) = direction {
            watch.see(bytes).map_err(io::Error::other)?;
        }
        let written = match to.try_write(bytes) {
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => 0,
            written => written?,
        };
        io::Result::Ok((bytes.len(), bytes.get(written..).unwrap_or_default().to_vec()))
    })?;
    write_all(to, &rest).await?;
    Ok(count)
}

async fn write_all(to: &TcpStream, mut bytes: &[u8]) -> io::Result<()> {
    while !bytes.is_empty() {
        to.writable().await?;
        match to.try_write(bytes) {
            Ok(count) => bytes = bytes.get(count..).unwrap_or_default(),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

/// Moves data through a pipe until there is none for the moment, then gives it to others. The result is as that of
/// [`copy_once`]; data that ran out counts as a full buffer, for more of it may come.
async fn splice_while_there_is(
    mut pipe: Lent,
    from: &TcpStream,
    to: &TcpStream,
    direction: &Direction,
    meter: &Meter,
) -> io::Result<usize> {
    let mut moved = 0;
    loop {
        let room = room(from, PIPE_BYTES, direction, meter)?;
        let filled = pipe.fill(from, room);
        count(*filled.as_ref().unwrap_or(&0), room, direction, meter);
        match filled {
            Err(error) if error.kind() == io::ErrorKind::WouldBlock && moved > 0 => return Ok(moved.max(COPY_BYTES)),
            Ok(0) => return Ok(0),
            filled => moved += filled?,
        }
        pipe.empty(to).await?;
        // Others of this thread want to go on as well.
        tokio::task::coop::consume_budget().await;
    }
}

/// How much may be read now: what is sent on is counted first, so that a budget is never exceeded.
fn room(from: &TcpStream, most: usize, direction: &Direction, meter: &Meter) -> io::Result<usize> {
    if matches!(direction, Direction::In) {
        return Ok(most);
    }
    // No more than there is, so that connections do not take from each other what they do not need.
    match meter.take(waiting_bytes(from, most)) {
        0 => Err(io::Error::other(Cut::Budget)),
        room => Ok(room),
    }
}

fn count(bytes: usize, room: usize, direction: &Direction, meter: &Meter) {
    match direction {
        Direction::Out(_) => meter.sent(room, bytes),
        Direction::In => meter.received(bytes),
    }
}
