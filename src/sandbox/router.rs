//! From a request to the route that answers it: each request is routed, authorized and counted once.

use std::collections::HashMap;
use std::sync::Arc;

use hyper::header::{ALLOW, HeaderValue};
use hyper::{Method, StatusCode};
use jiff::Timestamp;

use super::active_faults::ActiveFaults;
use super::credentials::Presented;
use super::deliveries::Deliveries;
use super::events::Events;
use super::exchange::{Exchange, Head, Response, Route, SandboxState, key};
use super::ids::Ids;
use super::journal::RequestJournal;
use super::limit::Limiter;
use super::options::{SandboxOptions, SandboxProject};
use super::pool::Pool;
use super::query::Query;
use super::refusal::Refusal;
use super::schema;
use super::seed;
use super::store::Store;
use super::store_error::StoreError;
use crate::http::Access;
use crate::model::ids::is_uuid;
use crate::nouns::catalogue;

/// Everything that answers requests.
#[derive(Debug)]
pub struct Router {
    /// What the handlers work on.
    pub state: SandboxState,
    /// Places in the state's projects, by id in lower case.
    by_id: HashMap<String, usize>,
    /// Places in `paths`, by the canonical path without its last slash.
    table: matchit::Router<usize>,
    /// The routes that share a path.
    paths: Vec<Vec<&'static Route>>,
    limiter: Limiter,
}

/// What follows the head of a request that was admitted.
#[derive(Debug, Clone, Copy)]
pub struct Rest<'a> {
    /// The query, without its question mark.
    pub query: Option<&'a str>,
    /// The `Content-Type` header.
    pub content_type: Option<&'a str>,
    /// The whole body.
    pub body: &'a [u8],
    /// The wall clock.
    pub now: Timestamp,
}

/// A request that may be carried out.
#[derive(Debug)]
pub struct Admitted {
    route: &'static Route,
    project: Option<usize>,
    parameters: Vec<(String, String)>,
}

impl Router {
    /// Opens the store, takes over the rules and mounts every route.
    ///
    /// # Errors
    /// When the store cannot be opened.
    pub fn new(options: &SandboxOptions) -> Result<Self, StoreError> {
        let (events, ids) = (Arc::<Events>::default(), Ids::new(options.ids));
        let faults = Arc::new(ActiveFaults::new(options.faults.clone()));
        let projects: Arc<[SandboxProject]> = options.projects.clone().into();
        let seed = seed::SeedRows::new(&options.seed, &ids, Timestamp::now());
        ids.mark();
        let state = SandboxState {
            store: Arc::new(Store::open(&options.store)?),
            pool: Pool::new(options.pool),
            revision: options.revision,
            deliveries: Deliveries::new(options.deliveries, Arc::clone(&faults), Arc::clone(&events)),
            journal: RequestJournal::new(options.journal, Arc::clone(&events), Arc::clone(&projects)),
            projects,
            ids,
            faults,
            events,
            seed,
            users_made: Arc::default(),
        };
        let by_id = state.projects.iter().enumerate().map(|(at, project)| (key(project.id.as_str()), at)).collect();
        let limiter = Limiter::new(options.rate_limit);
        let (table, paths) = (matchit::Router::new(), Vec::new());
        let mut router = Self { state, by_id, table, paths, limiter };
        catalogue::routes().for_each(|route| router.mount(route));
        Ok(router)
    }

    /// Puts the seed into a store that holds nothing yet; says whether it did, or none when the pool had too few numbers.
    ///
    /// # Errors
    /// When the store cannot be written.
    pub fn plant(&self) -> Result<Option<bool>, StoreError> {
        let SandboxState { store, seed, pool, revision, .. } = &self.state;
        if seed.is_empty() {
            return Ok(Some(true));
        }
        store.write(|connection| {
            if !schema::is_clear(connection)? {
                return Ok(Some(false));
            }
            Ok(seed.write(connection, *pool, revision.email_is_identity())?.then_some(true))
        })
    }

    fn mount(&mut self, route: &'static Route) {
        let path = trimmed(route.spec.path);
        match self.paths.iter_mut().find(|routes| routes.iter().any(|other| trimmed(other.spec.path) == path)) {
            Some(routes) => routes.push(route),
            None => {
                // Two paths that collide would be a mistake in the table of endpoints, which a test walks.
                if self.table.insert(path, self.paths.len()).is_ok() {
                    self.paths.push(vec![route]);
                }
            }
        }
    }

    /// Routes a request, checks who asks, and counts it against its project's rate, all at the moment when its head has
    /// arrived: how long its body then takes is another matter.
    ///
    /// # Errors
    /// The refusal, or the answer to an OPTIONS.
    pub fn admit(&self, head: &Head<'_>) -> Result<Admitted, Response> {
        // A HEAD is answered as the GET would be; whoever writes the response leaves the body out.
        let method = if *head.method == Method::HEAD { &Method::GET } else { head.method };
        let refuse = |refusal: Refusal| Response::from(refusal);
        let found = self.table.at(trimmed(head.path)).map_err(|_| refuse(Refusal::Route))?;
        let routes = self.paths.get(*found.value).map(Vec::as_slice).unwrap_or_default();
        let Some(route) = routes.iter().find(|route| route.spec.method == method) else {
            return Err(match *method {
                Method::OPTIONS => Response::empty(StatusCode::NO_CONTENT).with(ALLOW, allow(routes)),
                _ => refuse(Refusal::Route),
            });
        };
        let project = match (found.params.get("project"), route.spec.access) {
            (None, _) => None,
            (Some(id), Access::Project) => Some(self.authorize(id, head.authorization).map_err(refuse)?),
            (Some(id), Access::Open) => Some(self.public(id).map_err(refuse)?),
        };
        if let Some(project) = project.and_then(|at| self.state.projects.get(at)) {
            self.limiter.grant(project.id.as_str(), head.uptime).map_err(|wait| {
                // Whole seconds, rounded up: a client that waits that long is not refused again.
                let seconds = u64::try_from(wait.as_nanos().div_ceil(1_000_000_000)).unwrap_or(1).max(1);
                refuse(Refusal::RateLimited(seconds))
            })?;
        }
        let parameters = found.params.iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
        Ok(Admitted { route, project, parameters })
    }

    /// Answers a request that was admitted.
    pub fn carry_out(&self, admitted: &Admitted, rest: &Rest<'_>) -> Response {
        let exchange = Exchange {
            state: &self.state,
            project: admitted.project.and_then(|at| self.state.projects.get(at)),
            parameters: &admitted.parameters,
            query: Query::parse(rest.query),
            content_type: rest.content_type,
            body: rest.body,
            now: rest.now,
        };
        (admitted.route.handler)(&exchange).unwrap_or_else(Response::from)
    }

    /// The project that the path names and the credentials open.
    fn authorize(&self, id: &str, authorization: Option<&[u8]>) -> Result<usize, Refusal> {
        let presented = authorization.and_then(Presented::parse).ok_or(Refusal::Credentials)?;
        let at = *self.by_id.get(&presented.project).ok_or(Refusal::Credentials)?;
        let project = self.state.projects.get(at).ok_or(Refusal::Credentials)?;
        if !presented.has_secret(project.secret.expose()) {
            return Err(Refusal::Credentials);
        }
        // Only to somebody who may know it: a path without a project at all is a mistake in the path.
        if !is_uuid(id) {
            return Err(Refusal::Validation("projectId must be a UUID".to_owned()));
        }
        if key(id) != presented.project {
            return Err(Refusal::Credentials);
        }
        Ok(at)
    }

    /// The project that the path names, on a route that needs no credentials.
    fn public(&self, id: &str) -> Result<usize, Refusal> {
        if !is_uuid(id) {
            return Err(Refusal::Validation("projectId must be a UUID".to_owned()));
        }
        self.by_id.get(&key(id)).copied().ok_or(Refusal::NoProject)
    }
}

/// Both slash forms are one path.
fn trimmed(path: &str) -> &str {
    path.strip_suffix('/').unwrap_or(path)
}

/// What may be asked of a path: its methods, HEAD where there is a GET, and OPTIONS itself.
fn allow(routes: &[&Route]) -> HeaderValue {
    let mut names: Vec<&str> = routes.iter().map(|route| route.spec.method.as_str()).collect();
    if names.contains(&"GET") {
        names.push("HEAD");
    }
    names.push("OPTIONS");
    HeaderValue::from_str(&names.join(", ")).unwrap_or_else(|_| HeaderValue::from_static("OPTIONS"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sandbox::options::DEFAULT_PROJECT_ID;

    fn status(method: Method, path: &str) -> StatusCode {
        let router = Router::new(&SandboxOptions::default()).unwrap();
        let authorization = None;
        let head = Head { method: &method, path, authorization, uptime: std::time::Duration::ZERO };
        router.admit(&head).map_or_else(|response| response.status, |_| StatusCode::OK)
    }

    #[test]
    fn every_route_is_found_in_both_slash_forms() {
        for route in catalogue::routes() {
            let fill = |path: String, name| path.replace(&format!("{{{name}}}"), DEFAULT_PROJECT_ID);
            let path = route.spec.parameters().fold(route.spec.path.to_owned(), fill);
            let other = path.strip_suffix('/').map_or_else(|| format!("{path}/"), str::to_owned);
            for path in [&path, &other] {
                assert_ne!(status(route.spec.method.clone(), path), StatusCode::NOT_FOUND, "{path}");
            }
        }
    }

    #[test]
    fn what_is_no_route_is_told_from_a_method_that_a_path_lacks() {
        for (method, path, expected) in [
            (Method::GET, "/nowhere", StatusCode::NOT_FOUND),
            (Method::GET, "/projects/p/users//", StatusCode::NOT_FOUND),
            (Method::GET, "projects/p/users", StatusCode::NOT_FOUND),
            (Method::PUT, "/projects/p/users/", StatusCode::NOT_FOUND),
            (Method::OPTIONS, "/projects/p/users/", StatusCode::NO_CONTENT),
            (Method::OPTIONS, "/nowhere", StatusCode::NOT_FOUND),
        ] {
            assert_eq!(status(method.clone(), path), expected, "{method} {path}");
        }
    }
}
