"""AnyValue as OTLP JSON equals what the reference reads back."""

from google.protobuf.json_format import Parse
from hypothesis import given
from opentelemetry.proto.common.v1.common_pb2 import AnyValue

from clew._kernel import any_value_json
from tests.unit.kernel.strategies import any_values


@given(value=any_values)
def test_rendered_values_are_read_back_alike(value: AnyValue) -> None:
    body = value.SerializeToString(deterministic=True)
    again = Parse(any_value_json(body), AnyValue())
    assert again.SerializeToString(deterministic=True) == body
