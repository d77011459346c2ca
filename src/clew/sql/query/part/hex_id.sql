-- An id as text; zeros stand for none.
if({{column}} = toFixedString('', {{bytes}}), '', lower(hex({{column}})))
