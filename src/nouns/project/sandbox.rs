//! How the sandbox answers for the project itself, and what the vendor's SDK asks when it starts.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::endpoints::{AVAILABILITY, BILLING, MESSAGING, PLATFORMS, PROFILE, RENAME, SWITCH, Show, Subscription};
use super::schema;
use crate::http::Endpoint as _;
use crate::model::Phone;
use crate::nouns::users::model::UserType;
use crate::sandbox::exchange::{Exchange, Response, Route, key};
use crate::sandbox::refusal::Refusal;
use crate::sandbox::{pool, project_settings};

/// Shared seats of the vendor's Free plan.
const FREE_SEATS: u32 = 10;
/// Shared seats of the Pro plan. Any other number stands for Business, which has no limit of its own.
const PRO_SEATS: u32 = 100;
/// Seats of the Business plan, which has no limit of its own.
const BUSINESS_SEATS: u32 = 1_000_000;

/// The shared seats of a plan by its word; the plan that is told follows from them.
pub fn seats(tier: &str) -> Option<u32> {
    match tier {
        "free" => Some(FREE_SEATS),
        "pro" => Some(PRO_SEATS),
        "business" => Some(BUSINESS_SEATS),
        _ => None,
    }
}

/// The setting that holds how the project shows itself.
const PROFILE_SETTING: &str = "profile";
/// The setting that holds which platforms are switched on.
const PLATFORMS_SETTING: &str = "platforms";

/// What answers the project's endpoints.
pub static ROUTES: [Route; 9] = [
    Route { spec: Show::SPEC, handler: show, describe: schema::show },
    Route { spec: PROFILE, handler: profile, describe: schema::profile },
    Route { spec: RENAME, handler: rename, describe: schema::rename },
    Route { spec: MESSAGING, handler: messaging, describe: schema::messaging },
    Route { spec: AVAILABILITY, handler: availability, describe: schema::availability },
    Route { spec: PLATFORMS, handler: platforms, describe: schema::platforms },
    Route { spec: SWITCH, handler: switch, describe: schema::switch },
    Route { spec: Subscription::SPEC, handler: subscription, describe: schema::subscription },
    Route { spec: BILLING, handler: billing, describe: schema::billing },
];

#[derive(Serialize)]
struct ProjectView<'a> {
    id: String,
    name: &'a str,
    slug: String,
    profile: Option<Face>,
}

/// The profile within a project: whole, or not there at all. A strict client refuses one with null names.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Face {
    first_name: String,
    last_name: String,
    avatar_url: Option<String>,
    imessage_synced: bool,
}

/// How the project shows itself to people, by its own route.
#[derive(Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct ProjectProfile {
    first_name: Option<String>,
    last_name: Option<String>,
    avatar_url: Option<String>,
}

fn show(exchange: &Exchange<'_>) -> Result<Response, Refusal> {
    let project = exchange.project()?;
    let owns_lines = !project.lines.is_empty();
    let face = |profile: ProjectProfile| {
        Some(Face {
            first_name: profile.first_name?,
            last_name: profile.last_name.unwrap_or_default(),
            avatar_url: profile.avatar_url,
            imessage_synced: owns_lines,
        })
    };
    let id = key(project.id.as_str());
    let profile = read_profile(exchange, &id)?;
    Ok(Response::success(&ProjectView { name: &project.name, slug: slug(&project.name), profile: face(profile), id }))
}

fn read_profile(exchange: &Exchange<'_>, project: &str) -> Result<ProjectProfile, Refusal> {
    let read = exchange.state.store.read(|connection| project_settings::read(connection, project, PROFILE_SETTING))?;
    Ok(read.unwrap_or_default())
}

fn profile(exchange: &Exchange<'_>) -> Result<Response, Refusal> {
    let id = key(exchange.project()?.id.as_str());
    Ok(Response::success(&read_profile(exchange, &id)?))
}

fn rename(exchange: &Exchange<'_>) -> Result<Response, Refusal> {
    let id = key(exchange.project()?.id.as_str());
    let fields = exchange.fields()?;
    let text = |name: &str| match fields.get(name) {
        None => Ok(None),
        Some(Value::String(text)) if !text.contains('\0') => Ok(Some(text.clone())),
        Some(_) => Err(Refusal::Validation(format!("{name} must be text"))),
    };
    let (first_name, last_name) = (text("firstName")?, text("lastName")?);
    let profile = exchange.state.store.write(|connection| {
        let mut profile: ProjectProfile = project_settings::read(connection, &id, PROFILE_SETTING)?.unwrap_or_default();
        profile.first_name = first_name.clone().or(profile.first_name);
        profile.last_name = last_name.clone().or(profile.last_name);
        project_settings::write(connection, &id, PROFILE_SETTING, &profile)?;
        Ok(profile)
    })?;
    Ok(Response::success(&profile))
}

#[derive(Serialize)]
struct Messaging {
    #[serde(rename = "type")]
    kind: UserType,
}

fn messaging(exchange: &Exchange<'_>) -> Result<Response, Refusal> {
    let owns_lines = !exchange.project()?.lines.is_empty();
    let kind = if owns_lines { UserType::Dedicated } else { UserType::Shared };
    Ok(Response::success(&Messaging { kind }))
}

#[derive(Serialize)]
struct Availability {
    available: bool,
}

fn availability(exchange: &Exchange<'_>) -> Result<Response, Refusal> {
    let phone: Option<Phone> = exchange.query.parsed("phoneNumber", "a phone number like +14155550123")?;
    let phone = phone.ok_or_else(|| Refusal::Validation("phoneNumber is missing".to_owned()))?;
    let (state, id) = (exchange.state, key(exchange.project()?.id.as_str()));
    let available = state.store.read(|connection| pool::is_available(connection, state.pool, &id, &phone))?;
    Ok(Response::success(&Availability { available }))
}

#[derive(Serialize, Deserialize)]
struct Switch {
    enabled: bool,
}

#[derive(Serialize, Deserialize)]
struct Platforms {
    imessage: Switch,
    whatsapp_business: Switch,
    voice: Switch,
    slack: Switch,
}

impl Default for Platforms {
    fn default() -> Self {
        let off = || Switch { enabled: false };
        Self { imessage: Switch { enabled: true }, whatsapp_business: off(), voice: off(), slack: off() }
    }
}

impl Platforms {
    fn get_mut(&mut self, name: &str) -> Option<&mut Switch> {
        match name {
            "imessage" => Some(&mut self.imessage),
            "whatsapp_business" => Some(&mut self.whatsapp_business),
            "voice" => Some(&mut self.voice),
            "slack" => Some(&mut self.slack),
            _ => None,
        }
    }
}

fn platforms(exchange: &Exchange<'_>) -> Result<Response, Refusal> {
    let id = key(exchange.project()?.id.as_str());
    let read = |connection: &_| project_settings::read::<Platforms>(connection, &id, PLATFORMS_SETTING);
    Ok(Response::success(&exchange.state.store.read(read)?.unwrap_or_default()))
}

fn switch(exchange: &Exchange<'_>) -> Result<Response, Refusal> {
    let id = key(exchange.project()?.id.as_str());
    let fields = exchange.fields()?;
    let platform = fields.get("platform").and_then(Value::as_str).unwrap_or_default();
    if Platforms::default().get_mut(platform).is_none() {
        let what = "platform must be one of imessage, whatsapp_business, voice, slack";
        return Err(Refusal::Validation(what.to_owned()));
    }
    let Some(enabled) = fields.get("enabled").and_then(Value::as_bool) else {
        return Err(Refusal::Validation("enabled must be true or false".to_owned()));
    };
    let platforms = exchange.state.store.write(|connection| {
        let mut platforms: Platforms = project_settings::read(connection, &id, PLATFORMS_SETTING)?.unwrap_or_default();
        if let Some(switch) = platforms.get_mut(platform) {
            switch.enabled = enabled;
        }
        project_settings::write(connection, &id, PLATFORMS_SETTING, &platforms)?;
        Ok(platforms)
    })?;
    Ok(Response::success(&platforms))
}

/// The plan; these keys are the service's, not camelCase.
#[derive(Serialize)]
struct Tier {
    tier: &'static str,
    status: Option<&'static str>,
    cancel_at_period_end: bool,
    subscription_id: Option<String>,
    customer_id: Option<String>,
}

fn subscription(exchange: &Exchange<'_>) -> Result<Response, Refusal> {
    // The tier follows from the seats, so that the two agree. That a Pro project owns lines is the sandbox's licence.
    let tier = match exchange.project()?.max_shared_users {
        FREE_SEATS => "free",
        PRO_SEATS => "pro",
        _ => "business",
    };
    Ok(Response::success(&Tier {
        tier,
        status: (tier != "free").then_some("active"),
        cancel_at_period_end: false,
        subscription_id: None,
        customer_id: None,
    }))
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Billing {
    sync_status: &'static str,
    last_synced_at: Option<String>,
    error: Option<String>,
    quantity: Option<u64>,
    last_proration_amount: Option<u64>,
}

fn billing(exchange: &Exchange<'_>) -> Result<Response, Refusal> {
    let lines = exchange.project()?.lines.len();
    Ok(Response::success(&Billing {
        sync_status: "synced",
        last_synced_at: None,
        error: None,
        quantity: u64::try_from(lines).ok().filter(|lines| *lines > 0),
        last_proration_amount: None,
    }))
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
