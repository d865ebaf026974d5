//! The project's own routes, and what the vendor's SDK asks when it starts.

use serde::Serialize;

use crate::model::Phone;
use crate::nouns::project::endpoints::ProjectRoute;
use crate::nouns::users::model::UserType;
use crate::sandbox::options::Project;
use crate::sandbox::pool;
use crate::sandbox::query::Query;
use crate::sandbox::refusal::Refusal;
use crate::sandbox::router::{Answer, Responder, key};

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

/// Answers a route directly below `/projects/{project}/`.
///
/// # Errors
/// The refusal.
pub fn answer(
    responder: &Responder,
    project: &Project,
    route: ProjectRoute,
    query: &Query<'_>,
) -> Result<Answer, Refusal> {
    let owns_lines = !project.lines.is_empty();
    Ok(match route {
        ProjectRoute::Show => Answer::success(&Shown {
            name: &project.name,
            slug: slug(&project.name),
            profile: Profile { imessage_synced: Some(owns_lines), ..Profile::default() },
        }),
        ProjectRoute::Messaging => {
            let kind = if owns_lines { UserType::Dedicated } else { UserType::Shared };
            Answer::success(&Messaging { kind })
        }
        ProjectRoute::Availability => {
            let phone: Option<Phone> = query.parsed("phoneNumber", "a phone number like +14155550123")?;
            let phone = phone.ok_or_else(|| Refusal::Validation("phoneNumber is missing".to_owned()))?;
            let id = key(project.id.as_str());
            let available = responder.store.read(|c| pool::is_available(c, responder.pool, &id, &phone))?;
            Answer::success(&Availability { available })
        }
        ProjectRoute::Subscription => {
            let tier = match project.max_shared_users {
                _ if owns_lines => "business",
                seats if seats <= FREE_SEATS => "free",
                _ => "pro",
            };
            Answer::success(&Subscription {
                tier,
                status: (tier != "free").then_some("active"),
                cancel_at_period_end: false,
                subscription_id: None,
                customer_id: None,
            })
        }
        ProjectRoute::Platforms => {
            let off = || Switch { enabled: false };
            let imessage = Switch { enabled: true };
            Answer::success(&Platforms { imessage, whatsapp_business: off(), voice: off(), slack: off() })
        }
    })
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
