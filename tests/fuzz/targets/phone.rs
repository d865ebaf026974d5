//! Phone numbers, regions and e-mail addresses as people type them. An input is a region and a text.
#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use regex::Regex;
use spectrum_cli::model::{Email, Phone, PhoneError, Region};
use spectrum_fuzz::{assert_clean, assert_e164, first_line};

/// The API's pattern but for its two looks ahead, which this library does not know.
static EMAIL: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"^[A-Za-z0-9_'+\-.]*[A-Za-z0-9_+-]@([A-Za-z0-9][A-Za-z0-9\-]*\.)+[A-Za-z]{2,}$").expect("a pattern")
});

fuzz_target!(|data: &[u8]| {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let (region, text) = first_line(text);
    let region = region.parse::<Region>().ok();
    check_phone(text, region);
    check_email(text);
    match text.parse::<Region>() {
        Ok(region) => assert_eq!(region.to_string().parse(), Ok(region)),
        Err(error) => assert_clean(&error.to_string()),
    }
});

fn check_phone(text: &str, region: Option<Region>) {
    let typed = Phone::from_typed(text);
    let dialled = Phone::dialled(text, region);
    let strict = text.parse::<Phone>();
    for read in [&typed, &dialled, &strict] {
        match read {
            Ok(phone) => check_number(phone, region),
            Err(error) => check_error(error),
        }
    }
    // What is read without help is read so everywhere.
    if let Ok(phone) = &strict {
        assert_eq!(typed.as_ref(), Ok(phone));
    }
    if let Ok(phone) = &typed {
        assert_eq!(dialled.as_ref(), Ok(phone));
        let digits: String = text.chars().filter(char::is_ascii_digit).collect();
        if text.chars().all(|c| c.is_ascii_digit() || !c.is_numeric()) {
            assert_eq!(phone.as_str(), format!("+{digits}"), "from {text:?}");
        }
    }
    // Letters are no digits, whatever is printed on a keypad.
    let scheme = text.trim().get(..4).is_some_and(|scheme| scheme.eq_ignore_ascii_case("tel:"));
    let letters = text.chars().filter(char::is_ascii_alphabetic).count();
    if letters > if scheme { 3 } else { 0 } {
        assert!(dialled.is_err(), "{text:?} is {dialled:?} in {region:?}");
    }
}

fn check_number(phone: &Phone, region: Option<Region>) {
    assert_e164(phone.as_str());
    let text = phone.to_string();
    assert_eq!(text.parse().as_ref(), Ok(phone));
    assert_eq!(Phone::dialled(&text, region).as_ref(), Ok(phone));
    let json = serde_json::to_string(phone).expect("JSON");
    assert_eq!(serde_json::from_str::<Phone>(&json).ok().as_ref(), Some(phone));
    phone.doubt().into_iter().for_each(|doubt| assert_clean(&doubt));
}

fn check_error(error: &PhoneError) {
    let said = error.to_string();
    assert_clean(&said);
    // Cut, however long the text is; a character may be written in ten.
    assert!(said.len() < 1200, "{said}");
}

fn check_email(text: &str) {
    let fits = EMAIL.is_match(text) && !text.starts_with('.') && !text.contains("..");
    match text.parse::<Email>() {
        Ok(email) => {
            assert!(fits, "{text:?} is not what the API takes");
            assert_eq!((email.as_str(), email.to_string().parse().as_ref()), (text, Ok(&email)));
        }
        Err(error) => {
            assert!(!fits, "{text:?} is what the API takes");
            assert_clean(&error.to_string());
        }
    }
}
