//! One request at a time: take a ticket and a payload, send, count.

use std::{
    cell::RefCell,
    rc::Rc,
    time::{Duration, Instant},
};

use bytes::Bytes;

use crate::{
    answer::Outcome,
    grpc, http,
    options::Load,
    pace::{Pace, Ticket},
    pool::Pool,
    report::Tally,
};

pub struct Shared {
    pub load: Load,
    pub pace: Pace,
    pub pool: RefCell<Pool>,
    pub tally: RefCell<Tally>,
}

/// A server that is not there must not be asked in a tight loop.
const PAUSE: Duration = Duration::from_millis(100);

enum Next {
    Done,
    Pause,
    Again(Duration),
}

impl Shared {
    fn count(&self, ticket: &Ticket, outcome: Outcome, may_retry: bool) -> Next {
        let mut tally = self.tally.borrow_mut();
        let (kind, transient, after) = match outcome {
            Outcome::Accepted { rejected } => {
                tally.accept(ticket, self.load.batch, rejected, Instant::now());
                return Next::Done;
            }
            Outcome::Refused {
                kind,
                transient,
                after,
            } => (kind, transient, after),
            Outcome::Lost(kind) => (kind.to_owned(), true, None),
        };
        let again = transient && may_retry;
        tally.fail(&kind, again);
        if again {
            Next::Again(after.unwrap_or(PAUSE))
        } else if kind == "connect" {
            Next::Pause
        } else {
            Next::Done
        }
    }
}

pub enum Connection {
    Grpc(Rc<grpc::Channel>),
    Http(http::Connection),
}

impl Connection {
    async fn send(&mut self, bytes: &Bytes, timeout: Duration) -> Outcome {
        let answered = match self {
            Self::Grpc(channel) => tokio::time::timeout(timeout, channel.send(bytes)).await,
            Self::Http(connection) => tokio::time::timeout(timeout, connection.send(bytes)).await,
        };
        answered.unwrap_or(Outcome::Lost("timeout"))
    }
}

pub async fn work(shared: Rc<Shared>, mut connection: Connection) {
    while let Some(ticket) = shared.pace.next().await {
        // No await between these two: compressed payloads are made for their request number.
        let Some(loan) = shared.pool.borrow_mut().take(ticket.request) else {
            shared.pace.exhausted();
            return;
        };
        for attempt in 0.. {
            let outcome = connection.send(&loan.bytes, shared.load.timeout).await;
            match shared.count(&ticket, outcome, attempt < shared.load.retry) {
                Next::Done => break,
                Next::Pause => {
                    tokio::time::sleep(PAUSE).await;
                    break;
                }
                Next::Again(after) => tokio::time::sleep(after).await,
            }
        }
        shared.pool.borrow_mut().give_back(loan);
    }
}
