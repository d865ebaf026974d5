//! Every route of the API, both ways: the client writes it, the sandbox reads it.

use reqwest::Method;

use crate::nouns::lines::endpoints::LinesRoute;
use crate::nouns::project::endpoints::ProjectRoute;
use crate::nouns::users::endpoints::UsersRoute;

/// One route. Ids are kept as text: the sandbox answers a malformed one with 422, not with 404.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Route {
    /// `/projects/{project}/users/…`
    Users(String, UsersRoute),
    /// `/projects/{project}/lines/…`
    Lines(String, LinesRoute),
    /// `/projects/{project}/…`
    Project(String, ProjectRoute),
    /// `/users/{user}/redirect`, public.
    Redirect(String),
}

/// Why a method and path are no route.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NoRoute {
    /// Nothing lives at this path.
    Unknown,
    /// The path exists with these methods only.
    Method(&'static [Method]),
}

impl Route {
    /// The method that the route is called with.
    pub fn method(&self) -> Method {
        match self {
            Self::Users(_, route) => route.method(),
            Self::Lines(..) | Self::Project(..) | Self::Redirect(_) => Method::GET,
        }
    }

    /// The canonical path, with the trailing slash where the service's own docs have it.
    pub fn path(&self) -> String {
        match self {
            Self::Users(project, route) => format!("/projects/{project}/users/{}", route.tail()),
            Self::Lines(project, route) => format!("/projects/{project}/lines/{}", route.tail()),
            Self::Project(project, route) => format!("/projects/{project}/{}", route.tail()),
            Self::Redirect(user) => format!("/users/{user}/redirect"),
        }
    }

    /// Reads a request line; a single trailing slash makes no difference.
    ///
    /// # Errors
    /// [`NoRoute`] when nothing lives there, or not under this method.
    pub fn parse(method: &Method, path: &str) -> Result<Self, NoRoute> {
        let path = path.strip_prefix('/').ok_or(NoRoute::Unknown)?;
        let path = path.strip_suffix('/').unwrap_or(path);
        let segments: Vec<&str> = path.split('/').collect();
        let (candidates, methods) = Self::at(&segments).ok_or(NoRoute::Unknown)?;
        candidates.into_iter().find(|route| route.method() == *method).ok_or(NoRoute::Method(methods))
    }

    /// The routes that share a path, and the methods they answer.
    fn at(segments: &[&str]) -> Option<(Vec<Self>, &'static [Method])> {
        const GET: &[Method] = &[Method::GET];
        match segments {
            ["users", user, "redirect"] => Some((vec![Self::Redirect((*user).to_owned())], GET)),
            ["projects", project, "users", rest @ ..] => {
                let (routes, methods) = UsersRoute::at(rest)?;
                Some((routes.into_iter().map(|route| Self::Users((*project).to_owned(), route)).collect(), methods))
            }
            ["projects", project, "lines", rest @ ..] => {
                Some((vec![Self::Lines((*project).to_owned(), LinesRoute::at(rest)?)], GET))
            }
            ["projects", project, rest @ ..] => {
                Some((vec![Self::Project((*project).to_owned(), ProjectRoute::at(rest)?)], GET))
            }
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn every_route() -> Vec<Route> {
        let project = || "3c90c3cc-0d44-4b50-8888-8dd25736052a".to_owned();
        let mut routes = vec![Route::Redirect("u1".to_owned())];
        routes.extend(UsersRoute::examples().into_iter().map(|route| Route::Users(project(), route)));
        routes.extend(LinesRoute::ALL.into_iter().map(|route| Route::Lines(project(), route)));
        routes.extend(ProjectRoute::ALL.into_iter().map(|route| Route::Project(project(), route)));
        routes
    }

    #[test]
    fn every_route_reads_back_what_it_writes_in_both_slash_forms() {
        for route in every_route() {
            let path = route.path();
            assert_eq!(Route::parse(&route.method(), &path), Ok(route.clone()), "{path}");
            let other = path.strip_suffix('/').map_or_else(|| format!("{path}/"), str::to_owned);
            assert_eq!(Route::parse(&route.method(), &other), Ok(route), "{other}");
        }
    }

    #[test]
    fn tells_an_unknown_path_from_a_wrong_method() {
        assert_eq!(Route::parse(&Method::GET, "/nowhere"), Err(NoRoute::Unknown));
        assert_eq!(Route::parse(&Method::GET, "/projects/p/users//"), Err(NoRoute::Unknown));
        assert_eq!(
            Route::parse(&Method::PUT, "/projects/p/users/"),
            Err(NoRoute::Method(&[Method::GET, Method::POST]))
        );
    }
}
