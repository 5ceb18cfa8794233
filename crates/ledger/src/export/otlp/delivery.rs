//! A batch is sent until the collector takes it, refuses it, or has been asked often enough.

use std::time::Duration;

use hyper::body::Bytes;
use ring::rand::{SecureRandom, SystemRandom};
use tokio::time::sleep;

use super::client::Client;
use super::limits::{ATTEMPTS_MAX, FIRST_PAUSE, PAUSE_MAX};
use super::{Endpoint, Error, Meaning};

pub(super) struct Delivery {
    client: Client,
    /// Did the collector ever answer? If not, it may be another one, and who waits should hear so at once.
    answered: bool,
    /// How often something was sent again.
    pub(super) retries: u64,
}

/// What the collector said of a batch that it took.
pub(super) struct Taken {
    pub(super) rejected: u64,
    pub(super) message: String,
}

impl Delivery {
    pub(super) fn new(endpoint: Endpoint) -> Result<Self, Error> {
        Ok(Self { client: Client::new(endpoint)?, answered: false, retries: 0 })
    }

    /// Sends a batch. A collector whose answer was lost may get it twice.
    pub(super) async fn deliver(&mut self, body: Bytes) -> Result<Taken, Error> {
        let address = self.client.address();
        let mut attempts = 0;
        loop {
            attempts += 1;
            let (why, asked) = match self.client.post(body.clone()).await {
                Ok(answer) => {
                    self.answered = true;
                    match answer.meaning() {
                        Meaning::Taken { rejected, message } => return Ok(Taken { rejected, message }),
                        Meaning::Never { message } => {
                            return Err(Error::Refused { address, status: answer.status, message });
                        }
                        Meaning::Later { why, pause } => (why, pause),
                    }
                }
                Err(failed) if !self.answered || !failed.transient => {
                    return Err(Error::Unreachable { address, why: failed.why });
                }
                Err(failed) => (failed.why, None),
            };
            if attempts == ATTEMPTS_MAX {
                return Err(Error::GaveUp { address, attempts, why });
            }
            let pause = asked.unwrap_or_else(|| back_off(attempts));
            if pause > PAUSE_MAX {
                return Err(Error::Busy { address, pause });
            }
            self.retries += 1;
            sleep(pause).await;
        }
    }
}

/// Twice as long each time; up to a half of it by chance, so that many senders do not come back together.
fn back_off(attempts: u32) -> Duration {
    let mut chance = [0];
    // Without chance it is the whole pause.
    let _ = SystemRandom::new().fill(&mut chance);
    let whole = FIRST_PAUSE * 2_u32.saturating_pow(attempts - 1);
    whole.saturating_sub(whole * u32::from(chance[0]) / 512)
}
