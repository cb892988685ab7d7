//! One request to an upstream for all who ask for the same at once in one instance.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::future::Future;
use std::rc::Rc;

use super::wait::Waiting;
use super::{Answer, Failure};
use crate::config::Proxy;
use crate::host::Host;
use crate::tenant::Tenant;

/// What became of a flight, for those who wait for it.
#[derive(Debug, Clone)]
enum Flight {
    UnderWay,
    Landed(Result<Answer, Failure>),
    /// Whoever led it went away, as when a client hangs up.
    Abandoned,
}

type Shared = Rc<RefCell<Flight>>;

/// The flights of one instance. It holds nothing of a request that has ended, and no answer is kept here for a later one.
#[derive(Debug, Default)]
pub struct InFlight {
    flights: RefCell<BTreeMap<String, Shared>>,
}

/// Ends the flight also where its future is dropped.
struct Lead<'a> {
    in_flight: &'a InFlight,
    name: String,
    flight: Shared,
}

impl Drop for Lead<'_> {
    fn drop(&mut self) {
        self.in_flight.flights.borrow_mut().remove(&self.name);
        let mut flight = self.flight.borrow_mut();
        if matches!(*flight, Flight::UnderWay) {
            *flight = Flight::Abandoned;
        }
    }
}

impl InFlight {
    /// The flight of this name that is under way, or a new one to lead.
    fn join(&self, name: &str) -> Result<Lead<'_>, Shared> {
        let mut flights = self.flights.borrow_mut();
        if let Some(flight) = flights.get(name) {
            return Err(flight.clone());
        }
        let flight = Rc::new(RefCell::new(Flight::UnderWay));
        flights.insert(name.to_owned(), flight.clone());
        Ok(Lead {
            in_flight: self,
            name: name.to_owned(),
            flight,
        })
    }
}

/// What a flight is called: by the definition too, since one instance may meet two configurations one after another, and by the
/// newest purge that whoever asks has `seen`: after it nobody joins a flight from before it. `None`: the store did not answer.
pub(super) fn name(tenant: &Tenant, proxy: &Proxy, seen: Option<u64>) -> String {
    let definition = super::definition(proxy);
    let seen = seen.map_or_else(|| "unseen".to_owned(), |epoch| format!("{epoch:x}"));
    format!("{}{} {definition:016x} {seen}", tenant.prefix(), proxy.id)
}

/// Runs `ask`, unless another request of this instance is doing so already: then gives `at_once` where there is one, else
/// waits for the other's outcome and shares it.
pub(super) async fn once<H: Host>(
    host: &H,
    name: &str,
    proxy: &Proxy,
    at_once: Option<Answer>,
    ask: impl Future<Output = Result<Answer, Failure>>,
) -> Result<Answer, Failure> {
    let Some(in_flight) = host.in_flight() else {
        return ask.await;
    };
    let mut waiting = Waiting::of(proxy);
    loop {
        let flight = match in_flight.join(name) {
            Ok(lead) => {
                let outcome = ask.await;
                *lead.flight.borrow_mut() = Flight::Landed(outcome.clone());
                return outcome;
            }
            Err(flight) => flight,
        };
        if let Some(answer) = at_once {
            return Ok(answer);
        }
        loop {
            let state = flight.borrow().clone();
            match state {
                Flight::Landed(outcome) => return outcome,
                Flight::Abandoned => break,
                Flight::UnderWay => {}
            }
            if !waiting.step(host).await {
                return Err(Failure::of("timeout"));
            }
        }
    }
}
