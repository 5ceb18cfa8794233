//! A body through which a search goes.

use std::pin::Pin;
use std::task::{Context, Poll};

use hyper::body::{Bytes, Frame, SizeHint};

use crate::http::{AnyError, Body};

/// A body whose pieces are looked at, and may be others or end it.
pub(super) struct Searched<Look> {
    inner: Body,
    look: Look,
    /// What stands at the end once all pieces have passed.
    ended: bool,
    /// Does the length stay as it is?
    same_length: bool,
}

/// What is done with the pieces of a body.
pub(crate) trait Look {
    /// What passes of a piece.
    fn pass(&mut self, piece: Bytes) -> Result<Bytes, AnyError>;
    /// What was held back, at the end.
    fn rest(&mut self) -> Bytes;
    /// Looks at what comes after the body.
    fn trailers(&mut self, trailers: &hyper::HeaderMap) -> Result<(), AnyError>;
}

impl<L: Look> Searched<L> {
    pub(super) fn new(inner: Body, look: L, same_length: bool) -> Self {
        Self { inner, look, ended: false, same_length }
    }
}

impl<L: Look + Unpin> hyper::body::Body for Searched<L> {
    type Data = Bytes;
    type Error = AnyError;

    fn poll_frame(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, AnyError>>> {
        let this = self.get_mut();
        loop {
            if this.ended {
                return Poll::Ready(None);
            }
            let frame = match std::task::ready!(Pin::new(&mut this.inner).poll_frame(cx)) {
                None => {
                    this.ended = true;
                    let rest = this.look.rest();
                    return Poll::Ready((!rest.is_empty()).then(|| Ok(Frame::data(rest))));
                }
                Some(Err(error)) => return Poll::Ready(Some(Err(error))),
                Some(Ok(frame)) => frame,
            };
            let passed = match frame.into_data() {
                Ok(piece) => this.look.pass(piece),
                Err(frame) => {
                    let checked = frame.trailers_ref().map_or(Ok(()), |trailers| this.look.trailers(trailers));
                    return Poll::Ready(Some(checked.map(|()| frame)));
                }
            };
            match passed {
                // All of it is held back: there is nothing to tell yet.
                Ok(piece) if piece.is_empty() => {}
                Ok(piece) => return Poll::Ready(Some(Ok(Frame::data(piece)))),
                Err(error) => {
                    this.ended = true;
                    return Poll::Ready(Some(Err(error)));
                }
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        self.ended
    }

    fn size_hint(&self) -> SizeHint {
        if self.same_length { self.inner.size_hint() } else { SizeHint::default() }
    }
}
