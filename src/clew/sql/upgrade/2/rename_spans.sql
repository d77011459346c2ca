rename table spans to spans_v1
