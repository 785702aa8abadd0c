//! What a load has shown, for programs: JSON, times in seconds, sizes in bytes.

use super::Verdict;
use martlet_load::{Kind, Report};
use serde_json::{Value, json};

pub(super) fn of(report: &Report, verdicts: &[Verdict], is_kept: bool) -> Value {
    let calls = report.kinds.iter().zip(verdicts).map(|(kind, verdict)| {
        let mut call = figures(kind, report.seconds);
        call["name"] = json!(kind.name);
        call["kind"] = json!(if verdict.is_action { "action" } else { "query" });
        call["budget"] = verdict.judgements.iter().map(judgement).collect();
        call["kept"] = json!(verdict.is_kept());
        call
    });
    json!({
        "seconds": report.seconds,
        "kept": is_kept,
        "unsent": report.unsent,
        "calls": calls.collect::<Vec<_>>(),
        "all": figures(&report.all, report.seconds),
        "server": {
            "processor_us_per_call": report.processor_us_per_request(),
            "resident_bytes": report.watched.map(|watched| watched.resident_bytes),
            "proportional_bytes": report.watched.and_then(|watched| watched.proportional_bytes),
        },
    })
}

fn figures(kind: &Kind, seconds: f64) -> Value {
    let time = |share: f64| kind.latency.at(share).as_secs_f64();
    let statuses: serde_json::Map<_, _> =
        kind.statuses.iter().map(|(status, count)| (status.to_string(), json!(count))).collect();
    let faults: serde_json::Map<_, _> =
        kind.faults.iter().map(|(fault, count)| (fault.name().to_owned(), json!(count))).collect();
    let buckets = kind.latency.buckets();
    let histogram = buckets.iter().map(|(end, count)| json!({"below_s": end.as_secs_f64(), "count": count}));
    let first_error = kind
        .first_refusal
        .as_ref()
        .map(|refusal| json!({"status": refusal.status, "body": String::from_utf8_lossy(&refusal.body)}));
    json!({
        "calls": kind.answers,
        "errors": kind.errors(),
        "per_second": kind.answers as f64 / seconds,
        "statuses": statuses,
        "faults": faults,
        "bytes": kind.bytes,
        "p50_s": time(0.5),
        "p90_s": time(0.9),
        "p99_s": time(0.99),
        "p999_s": time(0.999),
        "max_s": kind.latency.max().as_secs_f64(),
        "mean_s": kind.latency.mean().as_secs_f64(),
        "histogram": histogram.collect::<Vec<_>>(),
        "first_error": first_error,
    })
}

fn judgement(judgement: &super::budget::Judgement) -> Value {
    json!({
        "measure": judgement.measure,
        "bound": judgement.bound,
        "value": judgement.value,
        "kept": judgement.is_kept,
    })
}
