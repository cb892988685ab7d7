//! Answers that are given again as they were.
//!
//! What many read is asked for in the same way again and again. An instance keeps what it has answered to requests that differ
//! in nothing an answer looks at, and gives it again while the store answers with the same head: the same memory, not only
//! the same hash. All else that such an answer was read from is named by that head and never changes. So nothing gets
//! older by it, and no answer can be another site's. Hosts that hand out new memory for each read, and those that give every
//! request an instance of its own, gain and lose nothing.

use std::cell::RefCell;
use std::rc::Rc;

use bytes::Bytes;
use http::header::{self, HeaderName};
use http::{HeaderMap, HeaderValue, Method, Request, Response, StatusCode, Uri};

use super::body::Body;
use super::headers;
use super::kept;
use super::lasts;
use super::policy::{self, Caching, Class};
use super::reply::{Lasting, Reply};
use crate::host::{Host, Version};
use crate::slice::{Head, keys};
use crate::tenant::{Tenant, TenantHost};
use crate::time::Timestamp;

/// Answers that are kept: each form of each page is one.
const ANSWERS_MAX: usize = 32;
/// An answer with more bytes is made anew each time.
const ANSWER_BYTES_MAX: usize = 128 * 1024;
/// Bytes of all of them. The one that was given longest ago goes first.
const BYTES_MAX: usize = 1024 * 1024;

/// What an answer that lasts ([`LASTS`](super::LASTS)) may depend on in a request, beside its method and target.
pub static LASTING_FIELDS: [HeaderName; LASTING_FIELD_COUNT] = [
    header::HOST,
    header::ACCEPT_ENCODING,
    header::IF_MATCH,
    header::IF_NONE_MATCH,
    header::IF_MODIFIED_SINCE,
    header::IF_UNMODIFIED_SINCE,
];

/// How many they are.
pub const LASTING_FIELD_COUNT: usize = 6;

thread_local! {
    /// The one that was given last stands last.
    static GIVEN: RefCell<Vec<Rc<Given>>> = const { RefCell::new(Vec::new()) };
}

/// What requests have in common that are answered alike.
struct Question {
    tenant: Tenant,
    method: Method,
    target: Uri,
    fields: [Option<HeaderValue>; LASTING_FIELD_COUNT],
}

impl Question {
    /// `None` where the request says a field twice: what counts then is for the answer to tell.
    fn of(tenant: &Tenant, request: &Request<Bytes>) -> Option<Self> {
        let fields = request.headers();
        (fields.len() == fields.keys_len()).then(|| Self {
            tenant: tenant.clone(),
            method: request.method().clone(),
            target: request.uri().clone(),
            fields: LASTING_FIELDS
                .each_ref()
                .map(|name| fields.get(name).cloned()),
        })
    }

    fn is(&self, tenant: &Tenant, request: &Request<Bytes>) -> bool {
        let fields = request.headers();
        self.target == *request.uri()
            && self.method == *request.method()
            && fields.len() == fields.keys_len()
            && self.tenant == *tenant
            && LASTING_FIELDS
                .iter()
                .zip(&self.fields)
                .all(|(name, value)| fields.get(name) == value.as_ref())
    }
}

/// One answer, and what it was made of.
struct Given {
    question: Question,
    /// The one it belongs to: see [`Lifetime::minute`].
    minute: Option<i64>,
    lifetime: Lifetime,
    status: StatusCode,
    /// As they were at this moment ([`policy::moment`]).
    fields: RefCell<(i64, HeaderMap)>,
    body: Bytes,
}

/// How long an answer is given again, and what the fields of its cache policy are made of: they are others from moment to moment.
#[derive(Debug, Clone)]
pub(super) struct Lifetime {
    head: Head,
    lasting: Lasting,
    caching: Caching,
    class: Class,
    etag: Option<String>,
}

impl Lifetime {
    /// That of `reply`, where it is lasting and its head may be met again, by this instance or by a host that `keeps_answers`.
    pub(super) fn of(reply: &Reply, keeps_answers: bool) -> Option<Self> {
        let met_again = |head: &Head| keeps_answers || kept::is_again(head);
        Some(Self {
            lasting: reply.lasting?,
            head: reply.head.clone().filter(met_again)?,
            caching: reply.caching,
            class: reply.class.unwrap_or(Class::Never),
            etag: reply.etag.clone(),
        })
    }

    /// Whole minutes since the head was published, which is what [`crate::page::ago`] tells; where the answer says it.
    fn minute(&self, now: Timestamp) -> Option<i64> {
        let secs = now.as_secs().saturating_sub(self.head.updated().as_secs());
        (self.lasting == Lasting::Minute).then(|| secs.div_euclid(60))
    }

    /// The version that its head had in the store when it was opened, where that is still known.
    pub(super) fn version(&self) -> Option<Version> {
        kept::version(&self.head)
    }

    /// Tells a host that keeps answers for how long `response` to `tenant` is true from `now` on, while its head is of `version`.
    pub(super) fn tell(
        &self,
        response: &mut Response<Body>,
        tenant: &Tenant,
        version: &Version,
        now: Timestamp,
    ) {
        lasts::tell(response.headers_mut(), tenant, version, self.ms(now));
    }

    /// For how many milliseconds from `now` on the answer says what is true, as far as the time tells.
    fn ms(&self, now: Timestamp) -> i64 {
        match self.minute(now) {
            Some(minute) => {
                let ends = self.head.updated().as_secs() + (minute + 1) * 60;
                Timestamp::from_secs(ends).0 - now.0
            }
            None => i64::MAX,
        }
    }

    fn write(&self, fields: &mut HeaderMap, request: &Request<Bytes>, now: Timestamp) {
        let seed = policy::seed(self.etag.as_deref(), request, now);
        policy::insert(fields, &self.caching, self.class, seed);
    }
}

/// The answer that an earlier request like this one was given, where it would be given the same one. Reads the head where there may be
/// one; who answers in its place does not read it again.
pub(super) async fn again<H: Host>(
    host: &TenantHost<'_, H>,
    request: &Request<Bytes>,
    request_id: &str,
    now: Timestamp,
) -> Option<Response<Body>> {
    let given = GIVEN.with_borrow(|given| {
        let mut given = given.iter().rev();
        let found = given.find(|one| one.question.is(host.tenant(), request));
        found
            .filter(|one| one.minute == one.lifetime.minute(now))
            .cloned()
    })?;
    let entry = host.kv().read_ahead(keys::HEAD).await.ok()??;
    if !given.lifetime.head.is_of(&entry.value) {
        return None;
    }
    GIVEN.with_borrow_mut(|all| {
        if let Some(at) = all.iter().position(|one| Rc::ptr_eq(one, &given)) {
            all[at..].rotate_left(1);
        }
    });
    let mut response = given.response(request, request_id, now);
    if host.keeps_answers() {
        let (tenant, version) = (host.tenant(), &entry.version);
        given.lifetime.tell(&mut response, tenant, version, now);
    }
    Some(response)
}

impl Given {
    fn response(
        &self,
        request: &Request<Bytes>,
        request_id: &str,
        now: Timestamp,
    ) -> Response<Body> {
        let mut fields = self.fields.borrow_mut();
        let moment = policy::moment(now);
        if fields.0 != moment && self.lifetime.caching.jitters() {
            self.lifetime.write(&mut fields.1, request, now);
            fields.0 = moment;
        }
        let mut response = Response::new(Body::default());
        *response.status_mut() = self.status;
        *response.headers_mut() = fields.1.clone();
        headers::set_request_id(response.headers_mut(), request_id);
        if !self.body.is_empty() {
            *response.body_mut() = Body::whole(vec![self.body.clone()]);
        }
        response
    }
}

/// Keeps `response` for requests like `request`, which was answered between `begun` and `done`.
pub(super) fn keep(
    tenant: &Tenant,
    request: &Request<Bytes>,
    lifetime: &Lifetime,
    response: &Response<Body>,
    (begun, done): (Timestamp, Timestamp),
) {
    if !kept::is_again(&lifetime.head) {
        return;
    }
    let body = response.body();
    let small = body.is_whole() && body.len() <= ANSWER_BYTES_MAX as u64;
    if !small || lifetime.minute(begun) != lifetime.minute(done) {
        return;
    }
    let Some(question) = Question::of(tenant, request) else {
        return;
    };
    let given = Rc::new(Given {
        question,
        minute: lifetime.minute(begun),
        status: response.status(),
        fields: RefCell::new((policy::moment(begun), response.headers().clone())),
        body: response.body().clone().into_bytes(),
        lifetime: lifetime.clone(),
    });
    GIVEN.with_borrow_mut(|all| {
        // What was made of an older head, or in another minute, is never given again.
        let outdated = |one: &Given| {
            one.question.tenant == *tenant
                && (!one.lifetime.head.is(&given.lifetime.head)
                    || one.minute != one.lifetime.minute(begun))
        };
        all.retain(|one| !outdated(one) && !one.question.is(tenant, request));
        all.push(given);
        let mut bytes: usize = all.iter().map(|one| one.body.len()).sum();
        while all.len() > ANSWERS_MAX || bytes > BYTES_MAX {
            bytes -= all.remove(0).body.len();
        }
    });
}
