import re
from pathlib import Path

from clew import counters

ROOT = Path(__file__).resolve().parents[2]
KINDS = {"counter", "gauge", "histogram", "summary"}


def counted_in_the_code() -> set[str]:
    """Families by the names in the sources of the kernel and of Python."""
    files = [*(ROOT / "rust" / "src").rglob("*.rs"), *(ROOT / "src" / "clew").rglob("*.py")]
    found: set[str] = set()
    for file in files:
        found.update(re.findall(r"""["'](clew_[a-z0-9_]+)""", file.read_text()))
    in_seconds = {re.sub("_(micro|nano)seconds", "_seconds", name) for name in found}
    return {re.sub("_(sum|count|bucket)$", "", name) for name in in_seconds}


def test_every_metric_says_what_it_tells() -> None:
    assert counted_in_the_code() == set(counters.declared()), "write it into src/clew/metrics.txt"


def test_declarations_fit_their_names() -> None:
    for name, metric in counters.declared().items():
        assert metric.kind in KINDS, name
        assert (metric.kind == "counter") == name.endswith("_total"), name
        assert re.fullmatch(r"[A-Z0-9][^|\\]*\.", metric.help), name


def test_help_stands_before_the_type() -> None:
    text = counters.render([{"clew_store_spans_total": 1}])
    assert text == (
        "# HELP clew_store_spans_total Spans stored.\n"
        "# TYPE clew_store_spans_total counter\n"
        "clew_store_spans_total 1\n"
    )


def test_processes_are_added_up_and_families_typed() -> None:
    text = counters.render(
        [{'a_total{x="1"}': 2, "b": 1.5}, {'a_total{x="1"}': 3, 'a_total{x="2"}': 1}]
    )
    assert (
        text
        == '# TYPE a_total counter\na_total{x="1"} 5\na_total{x="2"} 1\n# TYPE b gauge\nb 1.5\n'
    )


def test_histogram_is_one_family() -> None:
    text = counters.render([{'h_bucket{le="1"}': 1, "h_sum": 0.5, "h_count": 1}])
    assert text.splitlines()[0] == "# TYPE h histogram"
    assert text.count("# TYPE") == 1


def test_the_kernels_fine_times_leave_as_seconds_with_buckets_in_order() -> None:
    samples = {f'ack_microseconds_bucket{{le="{le}"}}': 1.0 for le in ("250", "1000", "+Inf")}
    text = counters.render(
        [
            {**samples, "ack_microseconds_sum": 1500, "ack_microseconds_count": 1},
            {"x_nanoseconds_total": 5e8},
        ]
    )
    assert text.splitlines() == [
        "# TYPE ack_seconds histogram",
        'ack_seconds_bucket{le="0.00025"} 1',
        'ack_seconds_bucket{le="0.001"} 1',
        'ack_seconds_bucket{le="+Inf"} 1',
        "ack_seconds_count 1",
        "ack_seconds_sum 0.0015",
        "# TYPE x_seconds_total counter",
        "x_seconds_total 0.5",
    ]


def test_sum_and_count_without_buckets_are_a_summary() -> None:
    assert "# TYPE lag summary" in counters.render([{"lag_sum": 1.5, "lag_count": 2}])


def test_label_values_are_escaped() -> None:
    assert counters.sample_name("a", {"x": 'q"\\\n'}) == 'a{x="q\\"\\\\\\n"}'


def test_counts_and_gauges_are_in_the_snapshot() -> None:
    counters.add("test_counted_total", 2, why="x")
    counters.add("test_counted_total", why="x")
    counters.put("test_gauge", 7)
    assert counters.snapshot()['test_counted_total{why="x"}'] == 3
    assert counters.snapshot()["test_gauge"] == 7


def test_labels_are_added_up_and_told_apart() -> None:
    figures = {'a_total{reason="x"}': 1.0, 'a_total{reason="y"}': 2.0, "a_totals": 8.0, "b": 3.0}
    assert counters.total(figures, "a_total") == 3
    assert counters.by_label(figures, "a_total") == {"x": 1, "y": 2}
    assert counters.by_label(figures, "b") == {"": 3}


def test_rate_is_that_of_the_last_minute() -> None:
    rates = counters.Rates(window_s=60, every_s=5)
    assert rates.per_second(0, {"n": 5}) == {"n": 0}
    for second in range(200):
        rates.look(second, {"n": 1_000.0 if second < 100 else 1_000.0 + 10 * (second - 100)})
    assert rates.per_second(200, {"n": 2_000}) == {"n": 10}


def test_rate_begins_anew_with_a_new_process() -> None:
    rates = counters.Rates()
    rates.look(0, {"n": 1_000})
    rates.look(10, {"n": 0})
    rates.look(20, {"n": 50})
    assert rates.per_second(20, {"n": 50}) == {"n": 5}
