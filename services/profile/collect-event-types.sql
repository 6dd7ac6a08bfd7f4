-- The kinds of behaviour that come with Patron: the e-commerce names of Segment's specification (version 2), and what its other calls become.
-- A brand adds its own fields by registering a further version. Marked fields name products, amounts and places in the shop, never a person.
insert into event_types (name, version, schema, registered_at, registered_by) values
('Products Searched', 1, $${
  "$schema": "https://json-schema.org/draft/2020-12/schema",
  "description": "A visitor searched for products.",
  "type": "object",
  "properties": {
    "query": {"type": ["string", "null"]}
  }
}$$, '2024-01-01T00:00:00Z', 'patron'),
('Product List Viewed', 1, $${
  "$schema": "https://json-schema.org/draft/2020-12/schema",
  "description": "A visitor saw a list or category of products.",
  "type": "object",
  "properties": {
    "list_id": {"type": ["string", "integer", "null"], "x-patron-personal": false},
    "category": {"type": ["string", "null"], "x-patron-personal": false},
    "products": {"type": ["array", "null"], "items": {"$ref": "#/$defs/product"}}
  },
  "$defs": {
    "product": {
      "type": "object",
      "properties": {
        "product_id": {"type": ["string", "integer", "null"], "x-patron-personal": false},
        "sku": {"type": ["string", "integer", "null"], "x-patron-personal": false},
        "category": {"type": ["string", "null"], "x-patron-personal": false},
        "name": {"type": ["string", "null"]},
        "brand": {"type": ["string", "null"], "x-patron-personal": false},
        "variant": {"type": ["string", "null"], "x-patron-personal": false},
        "price": {"type": ["number", "null"], "x-patron-personal": false},
        "quantity": {"type": ["number", "null"], "x-patron-personal": false},
        "coupon": {"type": ["string", "null"]},
        "position": {"type": ["integer", "null"], "x-patron-personal": false},
        "url": {"type": ["string", "null"]},
        "image_url": {"type": ["string", "null"]}
      }
    }
  }
}$$, '2024-01-01T00:00:00Z', 'patron'),
('Product List Filtered', 1, $${
  "$schema": "https://json-schema.org/draft/2020-12/schema",
  "description": "A visitor filtered or sorted a list of products.",
  "type": "object",
  "properties": {
    "list_id": {"type": ["string", "integer", "null"], "x-patron-personal": false},
    "category": {"type": ["string", "null"], "x-patron-personal": false},
    "filters": {"type": ["array", "null"]},
    "sorts": {"type": ["array", "null"]},
    "products": {"type": ["array", "null"], "items": {"$ref": "#/$defs/product"}}
  },
  "$defs": {
    "product": {
      "type": "object",
      "properties": {
        "product_id": {"type": ["string", "integer", "null"], "x-patron-personal": false},
        "sku": {"type": ["string", "integer", "null"], "x-patron-personal": false},
        "category": {"type": ["string", "null"], "x-patron-personal": false},
        "name": {"type": ["string", "null"]},
        "brand": {"type": ["string", "null"], "x-patron-personal": false},
        "variant": {"type": ["string", "null"], "x-patron-personal": false},
        "price": {"type": ["number", "null"], "x-patron-personal": false},
        "quantity": {"type": ["number", "null"], "x-patron-personal": false},
        "coupon": {"type": ["string", "null"]},
        "position": {"type": ["integer", "null"], "x-patron-personal": false},
        "url": {"type": ["string", "null"]},
        "image_url": {"type": ["string", "null"]}
      }
    }
  }
}$$, '2024-01-01T00:00:00Z', 'patron'),
('Promotion Viewed', 1, $${
  "$schema": "https://json-schema.org/draft/2020-12/schema",
  "description": "A visitor saw a promotion of the shop.",
  "type": "object",
  "properties": {
    "promotion_id": {"type": ["string", "integer", "null"], "x-patron-personal": false},
    "creative": {"type": ["string", "null"], "x-patron-personal": false},
    "name": {"type": ["string", "null"]},
    "position": {"type": ["integer", "null"], "x-patron-personal": false}
  }
}$$, '2024-01-01T00:00:00Z', 'patron'),
('Promotion Clicked', 1, $${
  "$schema": "https://json-schema.org/draft/2020-12/schema",
  "description": "A visitor clicked a promotion of the shop.",
  "type": "object",
  "properties": {
    "promotion_id": {"type": ["string", "integer", "null"], "x-patron-personal": false},
    "creative": {"type": ["string", "null"], "x-patron-personal": false},
    "name": {"type": ["string", "null"]},
    "position": {"type": ["integer", "null"], "x-patron-personal": false}
  }
}$$, '2024-01-01T00:00:00Z', 'patron'),
('Product Clicked', 1, $${
  "$schema": "https://json-schema.org/draft/2020-12/schema",
  "description": "A visitor clicked a product.",
  "type": "object",
  "properties": {
    "product_id": {"type": ["string", "integer", "null"], "x-patron-personal": false},
    "sku": {"type": ["string", "integer", "null"], "x-patron-personal": false},
    "category": {"type": ["string", "null"], "x-patron-personal": false},
    "name": {"type": ["string", "null"]},
    "brand": {"type": ["string", "null"], "x-patron-personal": false},
    "variant": {"type": ["string", "null"], "x-patron-personal": false},
    "price": {"type": ["number", "null"], "x-patron-personal": false},
    "quantity": {"type": ["number", "null"], "x-patron-personal": false},
    "coupon": {"type": ["string", "null"]},
    "position": {"type": ["integer", "null"], "x-patron-personal": false},
    "url": {"type": ["string", "null"]},
    "image_url": {"type": ["string", "null"]},
    "currency": {"type": ["string", "null"], "x-patron-personal": false},
    "value": {"type": ["number", "null"], "x-patron-personal": false}
  }
}$$, '2024-01-01T00:00:00Z', 'patron'),
('Product Viewed', 1, $${
  "$schema": "https://json-schema.org/draft/2020-12/schema",
  "description": "A visitor saw a product's details.",
  "type": "object",
  "properties": {
    "product_id": {"type": ["string", "integer", "null"], "x-patron-personal": false},
    "sku": {"type": ["string", "integer", "null"], "x-patron-personal": false},
    "category": {"type": ["string", "null"], "x-patron-personal": false},
    "name": {"type": ["string", "null"]},
    "brand": {"type": ["string", "null"], "x-patron-personal": false},
    "variant": {"type": ["string", "null"], "x-patron-personal": false},
    "price": {"type": ["number", "null"], "x-patron-personal": false},
    "quantity": {"type": ["number", "null"], "x-patron-personal": false},
    "coupon": {"type": ["string", "null"]},
    "position": {"type": ["integer", "null"], "x-patron-personal": false},
    "url": {"type": ["string", "null"]},
    "image_url": {"type": ["string", "null"]},
    "currency": {"type": ["string", "null"], "x-patron-personal": false},
    "value": {"type": ["number", "null"], "x-patron-personal": false}
  }
}$$, '2024-01-01T00:00:00Z', 'patron'),
('Product Added', 1, $${
  "$schema": "https://json-schema.org/draft/2020-12/schema",
  "description": "A product was put into the cart.",
  "type": "object",
  "properties": {
    "cart_id": {"type": ["string", "integer", "null"], "x-patron-personal": false},
    "product_id": {"type": ["string", "integer", "null"], "x-patron-personal": false},
    "sku": {"type": ["string", "integer", "null"], "x-patron-personal": false},
    "category": {"type": ["string", "null"], "x-patron-personal": false},
    "name": {"type": ["string", "null"]},
    "brand": {"type": ["string", "null"], "x-patron-personal": false},
    "variant": {"type": ["string", "null"], "x-patron-personal": false},
    "price": {"type": ["number", "null"], "x-patron-personal": false},
    "quantity": {"type": ["number", "null"], "x-patron-personal": false},
    "coupon": {"type": ["string", "null"]},
    "position": {"type": ["integer", "null"], "x-patron-personal": false},
    "url": {"type": ["string", "null"]},
    "image_url": {"type": ["string", "null"]},
    "currency": {"type": ["string", "null"], "x-patron-personal": false},
    "value": {"type": ["number", "null"], "x-patron-personal": false}
  }
}$$, '2024-01-01T00:00:00Z', 'patron'),
('Product Removed', 1, $${
  "$schema": "https://json-schema.org/draft/2020-12/schema",
  "description": "A product was taken out of the cart.",
  "type": "object",
  "properties": {
    "cart_id": {"type": ["string", "integer", "null"], "x-patron-personal": false},
    "product_id": {"type": ["string", "integer", "null"], "x-patron-personal": false},
    "sku": {"type": ["string", "integer", "null"], "x-patron-personal": false},
    "category": {"type": ["string", "null"], "x-patron-personal": false},
    "name": {"type": ["string", "null"]},
    "brand": {"type": ["string", "null"], "x-patron-personal": false},
    "variant": {"type": ["string", "null"], "x-patron-personal": false},
    "price": {"type": ["number", "null"], "x-patron-personal": false},
    "quantity": {"type": ["number", "null"], "x-patron-personal": false},
    "coupon": {"type": ["string", "null"]},
    "position": {"type": ["integer", "null"], "x-patron-personal": false},
    "url": {"type": ["string", "null"]},
    "image_url": {"type": ["string", "null"]},
    "currency": {"type": ["string", "null"], "x-patron-personal": false},
    "value": {"type": ["number", "null"], "x-patron-personal": false}
  }
}$$, '2024-01-01T00:00:00Z', 'patron'),
('Cart Viewed', 1, $${
  "$schema": "https://json-schema.org/draft/2020-12/schema",
  "description": "A visitor looked at the cart.",
  "type": "object",
  "properties": {
    "cart_id": {"type": ["string", "integer", "null"], "x-patron-personal": false},
    "currency": {"type": ["string", "null"], "x-patron-personal": false},
    "value": {"type": ["number", "null"], "x-patron-personal": false},
    "products": {"type": ["array", "null"], "items": {"$ref": "#/$defs/product"}}
  },
  "$defs": {
    "product": {
      "type": "object",
      "properties": {
        "product_id": {"type": ["string", "integer", "null"], "x-patron-personal": false},
        "sku": {"type": ["string", "integer", "null"], "x-patron-personal": false},
        "category": {"type": ["string", "null"], "x-patron-personal": false},
        "name": {"type": ["string", "null"]},
        "brand": {"type": ["string", "null"], "x-patron-personal": false},
        "variant": {"type": ["string", "null"], "x-patron-personal": false},
        "price": {"type": ["number", "null"], "x-patron-personal": false},
        "quantity": {"type": ["number", "null"], "x-patron-personal": false},
        "coupon": {"type": ["string", "null"]},
        "position": {"type": ["integer", "null"], "x-patron-personal": false},
        "url": {"type": ["string", "null"]},
        "image_url": {"type": ["string", "null"]}
      }
    }
  }
}$$, '2024-01-01T00:00:00Z', 'patron'),
('Checkout Started', 1, $${
  "$schema": "https://json-schema.org/draft/2020-12/schema",
  "description": "A visitor began to check out.",
  "type": "object",
  "properties": {
    "cart_id": {"type": ["string", "integer", "null"], "x-patron-personal": false},
    "order_id": {"type": ["string", "integer", "null"], "x-patron-personal": false},
    "checkout_id": {"type": ["string", "integer", "null"], "x-patron-personal": false},
    "affiliation": {"type": ["string", "null"], "x-patron-personal": false},
    "total": {"type": ["number", "null"], "x-patron-personal": false},
    "subtotal": {"type": ["number", "null"], "x-patron-personal": false},
    "revenue": {"type": ["number", "null"], "x-patron-personal": false},
    "shipping": {"type": ["number", "null"], "x-patron-personal": false},
    "tax": {"type": ["number", "null"], "x-patron-personal": false},
    "discount": {"type": ["number", "null"], "x-patron-personal": false},
    "coupon": {"type": ["string", "null"]},
    "currency": {"type": ["string", "null"], "x-patron-personal": false},
    "value": {"type": ["number", "null"], "x-patron-personal": false},
    "products": {"type": ["array", "null"], "items": {"$ref": "#/$defs/product"}}
  },
  "$defs": {
    "product": {
      "type": "object",
      "properties": {
        "product_id": {"type": ["string", "integer", "null"], "x-patron-personal": false},
        "sku": {"type": ["string", "integer", "null"], "x-patron-personal": false},
        "category": {"type": ["string", "null"], "x-patron-personal": false},
        "name": {"type": ["string", "null"]},
        "brand": {"type": ["string", "null"], "x-patron-personal": false},
        "variant": {"type": ["string", "null"], "x-patron-personal": false},
        "price": {"type": ["number", "null"], "x-patron-personal": false},
        "quantity": {"type": ["number", "null"], "x-patron-personal": false},
        "coupon": {"type": ["string", "null"]},
        "position": {"type": ["integer", "null"], "x-patron-personal": false},
        "url": {"type": ["string", "null"]},
        "image_url": {"type": ["string", "null"]}
      }
    }
  }
}$$, '2024-01-01T00:00:00Z', 'patron'),
('Checkout Step Viewed', 1, $${
  "$schema": "https://json-schema.org/draft/2020-12/schema",
  "description": "A visitor saw a step of the checkout.",
  "type": "object",
  "properties": {
    "checkout_id": {"type": ["string", "integer", "null"], "x-patron-personal": false},
    "step": {"type": ["integer", "null"], "x-patron-personal": false},
    "shipping_method": {"type": ["string", "null"], "x-patron-personal": false},
    "payment_method": {"type": ["string", "null"], "x-patron-personal": false}
  }
}$$, '2024-01-01T00:00:00Z', 'patron'),
('Checkout Step Completed', 1, $${
  "$schema": "https://json-schema.org/draft/2020-12/schema",
  "description": "A visitor completed a step of the checkout.",
  "type": "object",
  "properties": {
    "checkout_id": {"type": ["string", "integer", "null"], "x-patron-personal": false},
    "step": {"type": ["integer", "null"], "x-patron-personal": false},
    "shipping_method": {"type": ["string", "null"], "x-patron-personal": false},
    "payment_method": {"type": ["string", "null"], "x-patron-personal": false}
  }
}$$, '2024-01-01T00:00:00Z', 'patron'),
('Payment Info Entered', 1, $${
  "$schema": "https://json-schema.org/draft/2020-12/schema",
  "description": "A visitor entered how to pay.",
  "type": "object",
  "properties": {
    "checkout_id": {"type": ["string", "integer", "null"], "x-patron-personal": false},
    "order_id": {"type": ["string", "integer", "null"], "x-patron-personal": false},
    "step": {"type": ["integer", "null"], "x-patron-personal": false},
    "shipping_method": {"type": ["string", "null"], "x-patron-personal": false},
    "payment_method": {"type": ["string", "null"], "x-patron-personal": false}
  }
}$$, '2024-01-01T00:00:00Z', 'patron'),
('Order Updated', 1, $${
  "$schema": "https://json-schema.org/draft/2020-12/schema",
  "description": "An order was changed.",
  "type": "object",
  "properties": {
    "order_id": {"type": ["string", "integer", "null"], "x-patron-personal": false},
    "checkout_id": {"type": ["string", "integer", "null"], "x-patron-personal": false},
    "affiliation": {"type": ["string", "null"], "x-patron-personal": false},
    "total": {"type": ["number", "null"], "x-patron-personal": false},
    "subtotal": {"type": ["number", "null"], "x-patron-personal": false},
    "revenue": {"type": ["number", "null"], "x-patron-personal": false},
    "shipping": {"type": ["number", "null"], "x-patron-personal": false},
    "tax": {"type": ["number", "null"], "x-patron-personal": false},
    "discount": {"type": ["number", "null"], "x-patron-personal": false},
    "coupon": {"type": ["string", "null"]},
    "currency": {"type": ["string", "null"], "x-patron-personal": false},
    "products": {"type": ["array", "null"], "items": {"$ref": "#/$defs/product"}}
  },
  "$defs": {
    "product": {
      "type": "object",
      "properties": {
        "product_id": {"type": ["string", "integer", "null"], "x-patron-personal": false},
        "sku": {"type": ["string", "integer", "null"], "x-patron-personal": false},
        "category": {"type": ["string", "null"], "x-patron-personal": false},
        "name": {"type": ["string", "null"]},
        "brand": {"type": ["string", "null"], "x-patron-personal": false},
        "variant": {"type": ["string", "null"], "x-patron-personal": false},
        "price": {"type": ["number", "null"], "x-patron-personal": false},
        "quantity": {"type": ["number", "null"], "x-patron-personal": false},
        "coupon": {"type": ["string", "null"]},
        "position": {"type": ["integer", "null"], "x-patron-personal": false},
        "url": {"type": ["string", "null"]},
        "image_url": {"type": ["string", "null"]}
      }
    }
  }
}$$, '2024-01-01T00:00:00Z', 'patron'),
('Order Completed', 1, $${
  "$schema": "https://json-schema.org/draft/2020-12/schema",
  "description": "An order was placed. By a Segment SDK this becomes a purchase.",
  "type": "object",
  "required": ["order_id", "products"],
  "properties": {
    "order_id": {"type": ["string", "integer"], "x-patron-personal": false},
    "checkout_id": {"type": ["string", "integer", "null"], "x-patron-personal": false},
    "affiliation": {"type": ["string", "null"], "x-patron-personal": false},
    "total": {"type": ["number", "null"], "x-patron-personal": false},
    "subtotal": {"type": ["number", "null"], "x-patron-personal": false},
    "revenue": {"type": ["number", "null"], "x-patron-personal": false},
    "shipping": {"type": ["number", "null"], "x-patron-personal": false},
    "tax": {"type": ["number", "null"], "x-patron-personal": false},
    "discount": {"type": ["number", "null"], "x-patron-personal": false},
    "coupon": {"type": ["string", "null"]},
    "currency": {"type": ["string", "null"], "x-patron-personal": false},
    "products": {"type": "array", "items": {"$ref": "#/$defs/product"}, "minItems": 1}
  },
  "$defs": {
    "product": {
      "type": "object",
      "properties": {
        "product_id": {"type": ["string", "integer", "null"], "x-patron-personal": false},
        "sku": {"type": ["string", "integer", "null"], "x-patron-personal": false},
        "category": {"type": ["string", "null"], "x-patron-personal": false},
        "name": {"type": ["string", "null"]},
        "brand": {"type": ["string", "null"], "x-patron-personal": false},
        "variant": {"type": ["string", "null"], "x-patron-personal": false},
        "price": {"type": ["number", "null"], "x-patron-personal": false},
        "quantity": {"type": ["number", "null"], "x-patron-personal": false},
        "coupon": {"type": ["string", "null"]},
        "position": {"type": ["integer", "null"], "x-patron-personal": false},
        "url": {"type": ["string", "null"]},
        "image_url": {"type": ["string", "null"]}
      }
    }
  }
}$$, '2024-01-01T00:00:00Z', 'patron'),
('Order Refunded', 1, $${
  "$schema": "https://json-schema.org/draft/2020-12/schema",
  "description": "Goods of an order were given back. By a Segment SDK this becomes a return.",
  "type": "object",
  "required": ["order_id"],
  "properties": {
    "order_id": {"type": ["string", "integer"], "x-patron-personal": false},
    "checkout_id": {"type": ["string", "integer", "null"], "x-patron-personal": false},
    "affiliation": {"type": ["string", "null"], "x-patron-personal": false},
    "total": {"type": ["number", "null"], "x-patron-personal": false},
    "subtotal": {"type": ["number", "null"], "x-patron-personal": false},
    "revenue": {"type": ["number", "null"], "x-patron-personal": false},
    "shipping": {"type": ["number", "null"], "x-patron-personal": false},
    "tax": {"type": ["number", "null"], "x-patron-personal": false},
    "discount": {"type": ["number", "null"], "x-patron-personal": false},
    "coupon": {"type": ["string", "null"]},
    "currency": {"type": ["string", "null"], "x-patron-personal": false},
    "products": {"type": ["array", "null"], "items": {"$ref": "#/$defs/product"}}
  },
  "$defs": {
    "product": {
      "type": "object",
      "properties": {
        "product_id": {"type": ["string", "integer", "null"], "x-patron-personal": false},
        "sku": {"type": ["string", "integer", "null"], "x-patron-personal": false},
        "category": {"type": ["string", "null"], "x-patron-personal": false},
        "name": {"type": ["string", "null"]},
        "brand": {"type": ["string", "null"], "x-patron-personal": false},
        "variant": {"type": ["string", "null"], "x-patron-personal": false},
        "price": {"type": ["number", "null"], "x-patron-personal": false},
        "quantity": {"type": ["number", "null"], "x-patron-personal": false},
        "coupon": {"type": ["string", "null"]},
        "position": {"type": ["integer", "null"], "x-patron-personal": false},
        "url": {"type": ["string", "null"]},
        "image_url": {"type": ["string", "null"]}
      }
    }
  }
}$$, '2024-01-01T00:00:00Z', 'patron'),
('Order Cancelled', 1, $${
  "$schema": "https://json-schema.org/draft/2020-12/schema",
  "description": "An order was cancelled.",
  "type": "object",
  "properties": {
    "order_id": {"type": ["string", "integer", "null"], "x-patron-personal": false},
    "checkout_id": {"type": ["string", "integer", "null"], "x-patron-personal": false},
    "affiliation": {"type": ["string", "null"], "x-patron-personal": false},
    "total": {"type": ["number", "null"], "x-patron-personal": false},
    "subtotal": {"type": ["number", "null"], "x-patron-personal": false},
    "revenue": {"type": ["number", "null"], "x-patron-personal": false},
    "shipping": {"type": ["number", "null"], "x-patron-personal": false},
    "tax": {"type": ["number", "null"], "x-patron-personal": false},
    "discount": {"type": ["number", "null"], "x-patron-personal": false},
    "coupon": {"type": ["string", "null"]},
    "currency": {"type": ["string", "null"], "x-patron-personal": false},
    "products": {"type": ["array", "null"], "items": {"$ref": "#/$defs/product"}}
  },
  "$defs": {
    "product": {
      "type": "object",
      "properties": {
        "product_id": {"type": ["string", "integer", "null"], "x-patron-personal": false},
        "sku": {"type": ["string", "integer", "null"], "x-patron-personal": false},
        "category": {"type": ["string", "null"], "x-patron-personal": false},
        "name": {"type": ["string", "null"]},
        "brand": {"type": ["string", "null"], "x-patron-personal": false},
        "variant": {"type": ["string", "null"], "x-patron-personal": false},
        "price": {"type": ["number", "null"], "x-patron-personal": false},
        "quantity": {"type": ["number", "null"], "x-patron-personal": false},
        "coupon": {"type": ["string", "null"]},
        "position": {"type": ["integer", "null"], "x-patron-personal": false},
        "url": {"type": ["string", "null"]},
        "image_url": {"type": ["string", "null"]}
      }
    }
  }
}$$, '2024-01-01T00:00:00Z', 'patron'),
('Coupon Entered', 1, $${
  "$schema": "https://json-schema.org/draft/2020-12/schema",
  "description": "A visitor entered a coupon.",
  "type": "object",
  "properties": {
    "order_id": {"type": ["string", "integer", "null"], "x-patron-personal": false},
    "cart_id": {"type": ["string", "integer", "null"], "x-patron-personal": false},
    "coupon_id": {"type": ["string", "integer", "null"], "x-patron-personal": false},
    "coupon": {"type": ["string", "null"]}
  }
}$$, '2024-01-01T00:00:00Z', 'patron'),
('Coupon Applied', 1, $${
  "$schema": "https://json-schema.org/draft/2020-12/schema",
  "description": "A coupon lowered the price of a cart or an order.",
  "type": "object",
  "properties": {
    "order_id": {"type": ["string", "integer", "null"], "x-patron-personal": false},
    "cart_id": {"type": ["string", "integer", "null"], "x-patron-personal": false},
    "coupon_id": {"type": ["string", "integer", "null"], "x-patron-personal": false},
    "coupon": {"type": ["string", "null"]},
    "coupon_name": {"type": ["string", "null"]},
    "discount": {"type": ["number", "null"], "x-patron-personal": false}
  }
}$$, '2024-01-01T00:00:00Z', 'patron'),
('Coupon Denied', 1, $${
  "$schema": "https://json-schema.org/draft/2020-12/schema",
  "description": "A coupon was refused.",
  "type": "object",
  "properties": {
    "order_id": {"type": ["string", "integer", "null"], "x-patron-personal": false},
    "cart_id": {"type": ["string", "integer", "null"], "x-patron-personal": false},
    "coupon_id": {"type": ["string", "integer", "null"], "x-patron-personal": false},
    "coupon": {"type": ["string", "null"]},
    "coupon_name": {"type": ["string", "null"]},
    "reason": {"type": ["string", "null"]}
  }
}$$, '2024-01-01T00:00:00Z', 'patron'),
('Coupon Removed', 1, $${
  "$schema": "https://json-schema.org/draft/2020-12/schema",
  "description": "A coupon was taken off a cart or an order.",
  "type": "object",
  "properties": {
    "order_id": {"type": ["string", "integer", "null"], "x-patron-personal": false},
    "cart_id": {"type": ["string", "integer", "null"], "x-patron-personal": false},
    "coupon_id": {"type": ["string", "integer", "null"], "x-patron-personal": false},
    "coupon": {"type": ["string", "null"]},
    "coupon_name": {"type": ["string", "null"]},
    "discount": {"type": ["number", "null"], "x-patron-personal": false}
  }
}$$, '2024-01-01T00:00:00Z', 'patron'),
('Product Added to Wishlist', 1, $${
  "$schema": "https://json-schema.org/draft/2020-12/schema",
  "description": "A product was put on a wish list.",
  "type": "object",
  "properties": {
    "wishlist_id": {"type": ["string", "integer", "null"], "x-patron-personal": false},
    "wishlist_name": {"type": ["string", "null"]},
    "product_id": {"type": ["string", "integer", "null"], "x-patron-personal": false},
    "sku": {"type": ["string", "integer", "null"], "x-patron-personal": false},
    "category": {"type": ["string", "null"], "x-patron-personal": false},
    "name": {"type": ["string", "null"]},
    "brand": {"type": ["string", "null"], "x-patron-personal": false},
    "variant": {"type": ["string", "null"], "x-patron-personal": false},
    "price": {"type": ["number", "null"], "x-patron-personal": false},
    "quantity": {"type": ["number", "null"], "x-patron-personal": false},
    "coupon": {"type": ["string", "null"]},
    "position": {"type": ["integer", "null"], "x-patron-personal": false},
    "url": {"type": ["string", "null"]},
    "image_url": {"type": ["string", "null"]}
  }
}$$, '2024-01-01T00:00:00Z', 'patron'),
('Product Removed from Wishlist', 1, $${
  "$schema": "https://json-schema.org/draft/2020-12/schema",
  "description": "A product was taken off a wish list.",
  "type": "object",
  "properties": {
    "wishlist_id": {"type": ["string", "integer", "null"], "x-patron-personal": false},
    "wishlist_name": {"type": ["string", "null"]},
    "product_id": {"type": ["string", "integer", "null"], "x-patron-personal": false},
    "sku": {"type": ["string", "integer", "null"], "x-patron-personal": false},
    "category": {"type": ["string", "null"], "x-patron-personal": false},
    "name": {"type": ["string", "null"]},
    "brand": {"type": ["string", "null"], "x-patron-personal": false},
    "variant": {"type": ["string", "null"], "x-patron-personal": false},
    "price": {"type": ["number", "null"], "x-patron-personal": false},
    "quantity": {"type": ["number", "null"], "x-patron-personal": false},
    "coupon": {"type": ["string", "null"]},
    "position": {"type": ["integer", "null"], "x-patron-personal": false},
    "url": {"type": ["string", "null"]},
    "image_url": {"type": ["string", "null"]}
  }
}$$, '2024-01-01T00:00:00Z', 'patron'),
('Wishlist Product Added to Cart', 1, $${
  "$schema": "https://json-schema.org/draft/2020-12/schema",
  "description": "A product went from a wish list into the cart.",
  "type": "object",
  "properties": {
    "wishlist_id": {"type": ["string", "integer", "null"], "x-patron-personal": false},
    "wishlist_name": {"type": ["string", "null"]},
    "cart_id": {"type": ["string", "integer", "null"], "x-patron-personal": false},
    "product_id": {"type": ["string", "integer", "null"], "x-patron-personal": false},
    "sku": {"type": ["string", "integer", "null"], "x-patron-personal": false},
    "category": {"type": ["string", "null"], "x-patron-personal": false},
    "name": {"type": ["string", "null"]},
    "brand": {"type": ["string", "null"], "x-patron-personal": false},
    "variant": {"type": ["string", "null"], "x-patron-personal": false},
    "price": {"type": ["number", "null"], "x-patron-personal": false},
    "quantity": {"type": ["number", "null"], "x-patron-personal": false},
    "coupon": {"type": ["string", "null"]},
    "position": {"type": ["integer", "null"], "x-patron-personal": false},
    "url": {"type": ["string", "null"]},
    "image_url": {"type": ["string", "null"]}
  }
}$$, '2024-01-01T00:00:00Z', 'patron'),
('Product Shared', 1, $${
  "$schema": "https://json-schema.org/draft/2020-12/schema",
  "description": "A visitor told somebody of a product.",
  "type": "object",
  "properties": {
    "share_via": {"type": ["string", "null"], "x-patron-personal": false},
    "share_message": {"type": ["string", "null"]},
    "recipient": {"type": ["string", "null"]},
    "product_id": {"type": ["string", "integer", "null"], "x-patron-personal": false},
    "sku": {"type": ["string", "integer", "null"], "x-patron-personal": false},
    "category": {"type": ["string", "null"], "x-patron-personal": false},
    "name": {"type": ["string", "null"]},
    "brand": {"type": ["string", "null"], "x-patron-personal": false},
    "variant": {"type": ["string", "null"], "x-patron-personal": false},
    "price": {"type": ["number", "null"], "x-patron-personal": false},
    "quantity": {"type": ["number", "null"], "x-patron-personal": false},
    "coupon": {"type": ["string", "null"]},
    "position": {"type": ["integer", "null"], "x-patron-personal": false},
    "url": {"type": ["string", "null"]},
    "image_url": {"type": ["string", "null"]}
  }
}$$, '2024-01-01T00:00:00Z', 'patron'),
('Cart Shared', 1, $${
  "$schema": "https://json-schema.org/draft/2020-12/schema",
  "description": "A visitor showed somebody the cart.",
  "type": "object",
  "properties": {
    "share_via": {"type": ["string", "null"], "x-patron-personal": false},
    "share_message": {"type": ["string", "null"]},
    "recipient": {"type": ["string", "null"]},
    "cart_id": {"type": ["string", "integer", "null"], "x-patron-personal": false},
    "products": {"type": ["array", "null"], "items": {"$ref": "#/$defs/product"}}
  },
  "$defs": {
    "product": {
      "type": "object",
      "properties": {
        "product_id": {"type": ["string", "integer", "null"], "x-patron-personal": false},
        "sku": {"type": ["string", "integer", "null"], "x-patron-personal": false},
        "category": {"type": ["string", "null"], "x-patron-personal": false},
        "name": {"type": ["string", "null"]},
        "brand": {"type": ["string", "null"], "x-patron-personal": false},
        "variant": {"type": ["string", "null"], "x-patron-personal": false},
        "price": {"type": ["number", "null"], "x-patron-personal": false},
        "quantity": {"type": ["number", "null"], "x-patron-personal": false},
        "coupon": {"type": ["string", "null"]},
        "position": {"type": ["integer", "null"], "x-patron-personal": false},
        "url": {"type": ["string", "null"]},
        "image_url": {"type": ["string", "null"]}
      }
    }
  }
}$$, '2024-01-01T00:00:00Z', 'patron'),
('Product Reviewed', 1, $${
  "$schema": "https://json-schema.org/draft/2020-12/schema",
  "description": "A customer reviewed a product.",
  "type": "object",
  "properties": {
    "product_id": {"type": ["string", "integer", "null"], "x-patron-personal": false},
    "review_id": {"type": ["string", "integer", "null"], "x-patron-personal": false},
    "rating": {"type": ["number", "null"], "x-patron-personal": false},
    "review_body": {"type": ["string", "null"]}
  }
}$$, '2024-01-01T00:00:00Z', 'patron'),
('Page Viewed', 1, $${
  "$schema": "https://json-schema.org/draft/2020-12/schema",
  "description": "A visitor saw a page of a website.",
  "type": "object",
  "properties": {
    "category": {"type": ["string", "null"], "x-patron-personal": false},
    "name": {"type": ["string", "null"]},
    "path": {"type": ["string", "null"]},
    "referrer": {"type": ["string", "null"]},
    "search": {"type": ["string", "null"]},
    "title": {"type": ["string", "null"]},
    "url": {"type": ["string", "null"]},
    "keywords": {"type": ["array", "null"]}
  }
}$$, '2024-01-01T00:00:00Z', 'patron'),
('Screen Viewed', 1, $${
  "$schema": "https://json-schema.org/draft/2020-12/schema",
  "description": "A visitor saw a screen of an app.",
  "type": "object",
  "properties": {
    "category": {"type": ["string", "null"], "x-patron-personal": false},
    "name": {"type": ["string", "null"]}
  }
}$$, '2024-01-01T00:00:00Z', 'patron'),
('Group Joined', 1, $${
  "$schema": "https://json-schema.org/draft/2020-12/schema",
  "description": "A person was named as a member of a group, such as a company.",
  "type": "object",
  "properties": {
    "group_id": {"type": ["string", "integer", "null"]}
  }
}$$, '2024-01-01T00:00:00Z', 'patron');
