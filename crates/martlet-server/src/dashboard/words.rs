//! Figures as people read them.

/// A time in a unit in which it can be read.
pub(super) fn time(nanos: u64) -> String {
    let seconds = nanos as f64 / 1e9;
    match seconds {
        zero if zero <= 0.0 => "0".to_owned(),
        micros if micros < 1e-3 => format!("{} µs", short(micros * 1e6)),
        millis if millis < 1.0 => format!("{} ms", short(millis * 1e3)),
        seconds if seconds < 120.0 => format!("{} s", short(seconds)),
        seconds => span(seconds as u64),
    }
}

/// A long time: `3 d 4 h`.
pub(super) fn span(seconds: u64) -> String {
    let (days, hours, minutes) = (seconds / 86_400, seconds / 3_600 % 24, seconds / 60 % 60);
    match () {
        () if days > 0 => format!("{days} d {hours} h"),
        () if hours > 0 => format!("{hours} h {minutes} min"),
        () if minutes > 0 => format!("{minutes} min {} s", seconds % 60),
        () => format!("{seconds} s"),
    }
}

/// Bytes in a unit in which they can be read.
pub(super) fn size(bytes: u64) -> String {
    let units = ["B", "KiB", "MiB", "GiB", "TiB"];
    let mut amount = bytes as f64;
    let mut unit = 0;
    while amount >= 1024.0 && unit + 1 < units.len() {
        amount /= 1024.0;
        unit += 1;
    }
    if unit == 0 { format!("{} B", count(bytes)) } else { format!("{} {}", short(amount), units[unit]) }
}

/// A whole number with its thousands apart.
pub(super) fn count(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// Some of all, in per cent; none of none.
pub(super) fn share(some: u64, all: u64) -> Option<String> {
    (all > 0).then(|| match some as f64 * 100.0 / all as f64 {
        // What is not all is never said to be.
        nearly if nearly > 99.95 && some < all => "99.9 %".to_owned(),
        all if all >= 99.95 => "100 %".to_owned(),
        share => format!("{share:.1} %"),
    })
}

/// Three digits that tell.
pub(super) fn short(number: f64) -> String {
    match number.abs() {
        0.0 => "0".to_owned(),
        small if small < 9.995 => format!("{number:.2}"),
        middle if middle < 99.95 => format!("{number:.1}"),
        _ => count_of(number),
    }
}

fn count_of(number: f64) -> String {
    count(number.round().max(0.0) as u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_are_short() {
        let times = [0, 950, 12_345, 999_999, 1_500_000, 90_000_000_000, 7_500_000_000_000];
        let told = times.map(time);
        assert_eq!(told, ["0", "0.95 µs", "12.3 µs", "1,000 µs", "1.50 ms", "90.0 s", "2 h 5 min"]);
        assert_eq!([0, 1_023, 1_536, 5 << 30].map(size), ["0 B", "1,023 B", "1.50 KiB", "5.00 GiB"]);
        assert_eq!([0, 999, 1_000, 1_234_567].map(count), ["0", "999", "1,000", "1,234,567"]);
        assert_eq!(share(1, 0), None);
        assert_eq!(
            [(1, 3), (3, 3), (99_999, 100_000)].map(|(some, all)| share(some, all).unwrap()),
            ["33.3 %", "100 %", "99.9 %"]
        );
        assert_eq!([59, 61, 3_700, 90_000].map(span), ["59 s", "1 min 1 s", "1 h 1 min", "1 d 1 h"]);
    }
}
