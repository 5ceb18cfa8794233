//! Questions to the user about hosts that no rule names.

use std::collections::{HashMap, HashSet};
use std::future::Future;
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use tokio::sync::watch;
use tokio::time::timeout;

use crate::limits::{DENIAL_LASTS, QUESTION_TIME, QUESTIONS_OPEN_MAX};
use crate::link::{Answer, Endpoint, Process, Report};

/// What was asked, and what the user said. Everybody who wants to the same place waits for the same question.
#[derive(Debug)]
pub(crate) struct Ask {
    on: bool,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    last: u64,
    open: HashMap<u64, Open>,
    granted: HashSet<Endpoint>,
    denied: HashMap<Endpoint, Instant>,
}

#[derive(Debug)]
struct Open {
    to: Endpoint,
    answer: watch::Sender<Option<bool>>,
}

enum Next {
    Known(bool),
    Wait { answer: watch::Receiver<Option<bool>>, new: Option<u64> },
}

impl Ask {
    pub(crate) fn new(on: bool) -> Self {
        Self { on, state: Mutex::default() }
    }

    /// Is there a user who answers?
    pub(crate) fn is_on(&self) -> bool {
        self.on
    }

    /// May it? Waits for the user; silence means no.
    pub(crate) async fn may(
        &self,
        to: &Endpoint,
        process: impl Future<Output = Option<Process>>,
        send: impl AsyncFnOnce(Report),
    ) -> bool {
        let (mut answer, new) = match self.next(to) {
            Next::Known(answer) => return answer,
            Next::Wait { answer, new } => (answer, new),
        };
        if let Some(id) = new {
            send(Report::Question { id, to: to.clone(), process: process.await }).await;
        }
        let answered = async { answer.wait_for(Option::is_some).await.ok().and_then(|answer| *answer) };
        let yes = timeout(QUESTION_TIME, answered).await.ok().flatten().unwrap_or(false);
        if let Some(id) = new {
            // Unanswered it is over all the same, and whoever comes now asks anew.
            self.state().open.remove(&id);
        }
        yes
    }

    /// The user's answer has come. One to a question that is over changes nothing.
    pub(crate) fn obey(&self, id: u64, answer: Answer) {
        let mut state = self.state();
        let Some(open) = state.open.remove(&id) else { return };
        match answer {
            Answer::Once => {}
            Answer::Session | Answer::Always => {
                state.granted.insert(open.to.clone());
            }
            Answer::Deny => {
                state.denied.retain(|_, since| since.elapsed() < DENIAL_LASTS);
                state.denied.insert(open.to.clone(), Instant::now());
            }
        }
        open.answer.send_replace(Some(answer != Answer::Deny));
    }

    fn next(&self, to: &Endpoint) -> Next {
        let mut state = self.state();
        if state.granted.contains(to) {
            return Next::Known(true);
        }
        if state.denied.get(to).is_some_and(|since| since.elapsed() < DENIAL_LASTS) {
            return Next::Known(false);
        }
        if let Some(open) = state.open.values().find(|open| open.to == *to) {
            return Next::Wait { answer: open.answer.subscribe(), new: None };
        }
        if !self.on || state.open.len() >= QUESTIONS_OPEN_MAX {
            return Next::Known(false);
        }
        state.last += 1;
        let (id, (sender, answer)) = (state.last, watch::channel(None));
        state.open.insert(id, Open { to: to.clone(), answer: sender });
        Next::Wait { answer, new: Some(id) }
    }

    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    fn to(host: &str) -> Endpoint {
        Endpoint { host: host.into(), port: 443 }
    }

    /// Asks; answers the question, if there is one, with this.
    async fn asked(ask: &Arc<Ask>, host: &str, answer: Option<Answer>) -> (bool, bool) {
        let mut question = false;
        let to = to(host);
        let may = ask.may(&to, async { None }, async |report| {
            question = true;
            let Report::Question { id, .. } = report else { panic!("no question") };
            if let Some(answer) = answer {
                ask.obey(id, answer);
            }
        });
        let yes = may.await;
        (yes, question)
    }

    #[tokio::test(start_paused = true)]
    async fn an_answer_counts_as_long_as_it_says() {
        let ask = Arc::new(Ask::new(true));
        assert_eq!(asked(&ask, "once", Some(Answer::Once)).await, (true, true));
        assert_eq!(asked(&ask, "once", Some(Answer::Session)).await, (true, true));
        assert_eq!(asked(&ask, "once", None).await, (true, false));
        assert_eq!(asked(&ask, "no", Some(Answer::Deny)).await, (false, true));
        assert_eq!(asked(&ask, "no", Some(Answer::Once)).await, (false, false));
    }

    #[tokio::test(start_paused = true)]
    async fn silence_means_no_and_the_next_one_asks_anew() {
        let ask = Arc::new(Ask::new(true));
        assert_eq!(asked(&ask, "a", None).await, (false, true));
        assert_eq!(asked(&ask, "a", Some(Answer::Once)).await, (true, true));
        assert_eq!(asked(&Arc::new(Ask::new(false)), "a", Some(Answer::Once)).await, (false, false));
    }

    #[tokio::test(start_paused = true)]
    async fn who_wants_to_the_same_place_waits_for_the_same_question() {
        let ask = Arc::new(Ask::new(true));
        let first = tokio::spawn({
            let ask = ask.clone();
            async move { ask.may(&to("a"), async { None }, async |_| {}).await }
        });
        tokio::task::yield_now().await;
        let second = tokio::spawn({
            let ask = ask.clone();
            async move { asked(&ask, "a", None).await }
        });
        tokio::task::yield_now().await;
        ask.obey(1, Answer::Once);
        assert!(first.await.expect("done"));
        assert_eq!(second.await.expect("done"), (true, false));
    }
}
