//! Countries and territories, whose numbering plans say how a number without its plus is dialled there.
//!
//! The plans are those of libphonenumber; they are loaded when the first number is read by one, and by nothing else.

use std::fmt;
use std::str::FromStr;

use rlibphonenumber::{PHONE_NUMBER_UTIL, PhoneNumberFormat, Region as Code};

use super::blank::trim;

/// A country or territory by its two letters (ISO 3166-1 alpha-2, and four more that have numbers of their own).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Region(Code);

/// Why a text names no region.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no region; write its two letters, such as {instead}", instead = if .0.eq_ignore_ascii_case("UK") { "GB" } else { "US or GB" })]
pub struct RegionError(pub String);

/// Every region with a numbering plan.
const KNOWN: &str = "AC AD AE AF AG AI AL AM AO AR AS AT AU AW AX AZ BA BB BD BE BF BG BH BI BJ BL BM BN BO BQ BR BS BT BW BY BZ CA CC CD CF CG CH CI CK CL CM CN CO CR CU CV CW CX CY CZ DE DJ DK DM DO DZ EC EE EG EH ER ES ET FI FJ FK FM FO FR GA GB GD GE GF GG GH GI GL GM GN GP GQ GR GT GU GW GY HK HN HR HT HU ID IE IL IM IN IO IQ IR IS IT JE JM JO JP KE KG KH KI KM KN KP KR KW KY KZ LA LB LC LI LK LR LS LT LU LV LY MA MC MD ME MF MG MH MK ML MM MN MO MP MQ MR MS MT MU MV MW MX MY MZ NA NC NE NF NG NI NL NO NP NR NU NZ OM PA PE PF PG PH PK PL PM PR PS PT PW PY QA RE RO RS RU RW SA SB SC SD SE SG SH SI SJ SK SL SM SN SO SR SS ST SV SX SY SZ TA TC TD TG TH TJ TK TL TM TN TO TR TT TV TW TZ UA UG US UY UZ VA VC VE VG VI VN VU WF WS XK YE YT ZA ZM ZW";

impl Region {
    /// The two letters of every region.
    pub fn all() -> impl Iterator<Item = &'static str> {
        KNOWN.split(' ')
    }

    /// Reads a number as it is dialled there: as within the country, with an international prefix, or with a 0 in
    /// parentheses. Its form with a plus; none when the numbering plan has no such number.
    pub fn read(self, dialled: &str) -> Option<String> {
        let number = PHONE_NUMBER_UTIL.parse(dialled, Some(self.0)).ok().filter(|number| number.is_valid())?;
        Some(number.format_as(PhoneNumberFormat::E164).into_owned())
    }
}

impl FromStr for Region {
    type Err = RegionError;

    fn from_str(text: &str) -> Result<Self, RegionError> {
        let text = trim(text);
        let is_known = text.len() == 2 && Self::all().any(|known| known.eq_ignore_ascii_case(text));
        let code = Code::from_code(text).ok().filter(|_| is_known);
        code.map(Self).ok_or_else(|| RegionError(super::words::cut(text, 60).into_owned()))
    }
}

impl fmt::Display for Region {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_region_with_a_plan_is_known_by_its_two_letters() {
        let mut planned: Vec<String> = PHONE_NUMBER_UTIL.get_supported_regions().map(|code| code.to_string()).collect();
        planned.sort();
        assert_eq!(Region::all().collect::<Vec<_>>(), planned);
        for text in ["us", "US", " Us\u{a0}"] {
            assert_eq!(text.parse::<Region>().unwrap().to_string(), "US");
        }
        for text in ["", "U", "USA", "XX", "ZZ", "001", "+1", "1", "U S", "ÜS", "United States"] {
            assert_eq!(text.parse::<Region>(), Err(RegionError(text.to_owned())));
        }
        assert!("uk".parse::<Region>().unwrap_err().to_string().ends_with("such as GB"));
    }
}
