//! How the sandbox answers for the project itself, and what the vendor's SDK asks when it starts.

use serde::Serialize;

use super::endpoints::{AVAILABILITY, MESSAGING, PLATFORMS, SUBSCRIPTION, Show};
use crate::http::Endpoint as _;
use crate::model::Phone;
use crate::nouns::users::model::UserType;
use crate::sandbox::exchange::{Exchange, Response, Route, key};
use crate::sandbox::pool;
use crate::sandbox::refusal::Refusal;

/// Shared seats of the vendor's Free plan.
const FREE_SEATS: u32 = 10;

/// How a project or a line shows itself to people.
#[derive(Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Profile {
    first_name: Option<String>,
    last_name: Option<String>,
    avatar_url: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    imessage_synced: Option<bool>,
}

#[derive(Serialize)]
struct Shown<'a> {
    name: &'a str,
    slug: String,
    profile: Profile,
}

#[derive(Serialize)]
struct Messaging {
    #[serde(rename = "type")]
    kind: UserType,
}

#[derive(Serialize)]
struct Availability {
    available: bool,
}

/// The plan; these keys are the service's, not camelCase.
#[derive(Serialize)]
struct Subscription {
    tier: &'static str,
    status: Option<&'static str>,
    cancel_at_period_end: bool,
    subscription_id: Option<String>,
    customer_id: Option<String>,
}

#[derive(Serialize)]
struct Switch {
    enabled: bool,
}

#[derive(Serialize)]
struct Platforms {
    imessage: Switch,
    whatsapp_business: Switch,
    voice: Switch,
    slack: Switch,
}

/// What answers the project's endpoints.
pub static ROUTES: [Route; 5] = [
    Route { spec: Show::SPEC, handler: show },
    Route { spec: MESSAGING, handler: messaging },
    Route { spec: AVAILABILITY, handler: availability },
    Route { spec: SUBSCRIPTION, handler: subscription },
    Route { spec: PLATFORMS, handler: platforms },
];

fn show(exchange: &Exchange<'_>) -> Result<Response, Refusal> {
    let project = exchange.project()?;
    let profile = Profile { imessage_synced: Some(!project.lines.is_empty()), ..Profile::default() };
    Ok(Response::success(&Shown { name: &project.name, slug: slug(&project.name), profile }))
}

fn messaging(exchange: &Exchange<'_>) -> Result<Response, Refusal> {
    let owns_lines = !exchange.project()?.lines.is_empty();
    let kind = if owns_lines { UserType::Dedicated } else { UserType::Shared };
    Ok(Response::success(&Messaging { kind }))
}

fn availability(exchange: &Exchange<'_>) -> Result<Response, Refusal> {
    let phone: Option<Phone> = exchange.query.parsed("phoneNumber", "a phone number like +14155550123")?;
    let phone = phone.ok_or_else(|| Refusal::Validation("phoneNumber is missing".to_owned()))?;
    let (state, id) = (exchange.state, key(exchange.project()?.id.as_str()));
    let available = state.store.read(|connection| pool::is_available(connection, state.pool, &id, &phone))?;
    Ok(Response::success(&Availability { available }))
}

fn subscription(exchange: &Exchange<'_>) -> Result<Response, Refusal> {
    let project = exchange.project()?;
    let tier = match project.max_shared_users {
        _ if !project.lines.is_empty() => "business",
        seats if seats <= FREE_SEATS => "free",
        _ => "pro",
    };
    Ok(Response::success(&Subscription {
        tier,
        status: (tier != "free").then_some("active"),
        cancel_at_period_end: false,
        subscription_id: None,
        customer_id: None,
    }))
}

fn platforms(_: &Exchange<'_>) -> Result<Response, Refusal> {
    let off = || Switch { enabled: false };
    let imessage = Switch { enabled: true };
    Ok(Response::success(&Platforms { imessage, whatsapp_business: off(), voice: off(), slack: off() }))
}

/// A name as it stands in URLs.
fn slug(name: &str) -> String {
    let words: Vec<String> =
        name.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()).map(str::to_lowercase).collect();
    if words.is_empty() { "project".to_owned() } else { words.join("-") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slug_has_no_spaces_and_is_never_empty() {
        assert_eq!(slug("Acme Support (EU)"), "acme-support-eu");
        assert_eq!(slug("—"), "project");
    }
}
