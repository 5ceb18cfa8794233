//! What is under way when the rule that let it through is taken back.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use http_body_util::BodyExt;
use hyper::body::{Bytes, Frame, SizeHint};

use super::{AnyError, Body, Route};
use crate::relay::Cut;

/// A body that ends with an error when its connection may no longer be.
struct UntilTakenBack {
    body: Body,
    taken_back: Pin<Box<dyn Future<Output = ()> + Send>>,
}

/// The body of a request or an answer, as long as the connection may be.
pub(super) fn until_taken_back(route: &Arc<Route>, body: Body) -> Body {
    // Most requests have none.
    if hyper::body::Body::is_end_stream(&body) {
        return body;
    }
    UntilTakenBack { body, taken_back: Box::pin(taken_back(route)) }.boxed_unsync()
}

/// Waits until the connection may no longer be.
pub(super) fn taken_back(route: &Arc<Route>) -> impl Future<Output = ()> + Send + 'static {
    let route = Arc::clone(route);
    async move { route.connection.taken_back(&route.pass).await }
}

impl hyper::body::Body for UntilTakenBack {
    type Data = Bytes;
    type Error = AnyError;

    fn poll_frame(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, AnyError>>> {
        if self.taken_back.as_mut().poll(cx).is_ready() {
            return Poll::Ready(Some(Err(Cut::TakenBack.into())));
        }
        Pin::new(&mut self.body).poll_frame(cx)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
