#!/usr/bin/env python3
"""A partner's client of Patron: looks members up, books points, spends points, checks and redeems coupons, reads statements.

    client.py HOST:PORT lookup card=C-1001
    client.py HOST:PORT earn customer=<uuid> points=500 reason=hotel-night key=stay-77
    client.py HOST:PORT reserve customer=<uuid> points=300 reason=late-checkout key=desk-12 [seconds=120]
    client.py HOST:PORT confirm|cancel customer=<uuid> hold=<uuid>
    client.py HOST:PORT check|redeem code=XXXX-XXXX-XXXX-XXXX currency=HKD amount=25000 [customer=<uuid>] [key=desk-13]
    client.py HOST:PORT statement customer=<uuid> [after=0]

The API key comes from PATRON_API_KEY. Needs python3-grpcio, python3-protobuf and protoc with its standard protos
(Debian: protobuf-compiler, libprotobuf-dev).
"""
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import time

import grpc
from google.protobuf import duration_pb2, json_format

PROTOS = pathlib.Path(__file__).resolve().parent.parent / "proto"
CONTRACT = "patron/partner/v1/partner.proto"
SERVICE = "/patron.partner.v1.PartnerService/"
WITHIN = 5.0
TRIES = 4

# A retry of these is safe: every call that changes something names itself by a key or a hold.
PASSING = {grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.DEADLINE_EXCEEDED, grpc.StatusCode.RESOURCE_EXHAUSTED, grpc.StatusCode.ABORTED}


def contract():
    """The messages of the contract, compiled from its proto file."""
    folder = tempfile.mkdtemp(prefix="patron-partner-")
    subprocess.run(["protoc", f"--proto_path={PROTOS}", f"--python_out={folder}", CONTRACT], check=True)
    sys.path.insert(0, folder)
    from patron.partner.v1 import partner_pb2
    return partner_pb2


class Partner:
    """One connection for all calls; each has a deadline, and is repeated with the same key when its answer was lost."""

    def __init__(self, address, api_key, messages):
        self.messages = messages
        self.metadata = [("x-api-key", api_key)]
        self.channel = grpc.insecure_channel(address)

    def call(self, method, request, answer):
        stub = self.channel.unary_unary(SERVICE + method, type(request).SerializeToString, answer.FromString)
        for attempt in range(1, TRIES + 1):
            try:
                return stub(request, timeout=WITHIN, metadata=self.metadata)
            except grpc.RpcError as refused:
                if attempt == TRIES or refused.code() not in PASSING:
                    raise
                time.sleep(0.1 * 2 ** attempt)

    def statement(self, customer, after):
        m = self.messages
        stub = self.channel.unary_stream(
            SERVICE + "Statement", m.StatementRequest.SerializeToString, m.StatementEntry.FromString)
        return stub(m.StatementRequest(customer_id=customer, after=after), timeout=60.0, metadata=self.metadata)


def run(partner, command, given):
    m = partner.messages
    customer = given.get("customer", "")
    if command == "lookup":
        names = {"customer": "customer_id", "card": "loyalty_card", "member": "partner_member_id"}
        return [partner.call("Lookup", m.LookupRequest(**{names.get(k, k): v for k, v in given.items()}), m.LookupResponse)]
    if command == "earn":
        request = m.EarnRequest(
            idempotency_key=given["key"], customer_id=customer, points=int(given["points"]), reason=given["reason"])
        return [partner.call("Earn", request, m.EarnResponse)]
    if command == "reserve":
        request = m.ReservePointsRequest(
            idempotency_key=given["key"], customer_id=customer, points=int(given["points"]), reason=given["reason"])
        if "seconds" in given:
            request.hold_for.CopyFrom(duration_pb2.Duration(seconds=int(given["seconds"])))
        return [partner.call("ReservePoints", request, m.ReservePointsResponse)]
    if command == "confirm":
        request = m.ConfirmHoldRequest(customer_id=customer, hold_id=given["hold"], points=int(given.get("points", 0)))
        return [partner.call("ConfirmHold", request, m.RedeemPointsResponse)]
    if command == "cancel":
        return [partner.call("CancelHold", m.CancelHoldRequest(customer_id=customer, hold_id=given["hold"]), m.CancelHoldResponse)]
    if command in ("check", "redeem"):
        line = m.BasketLine(product=given.get("product", "ITEM"), quantity=1, amount_minor=int(given["amount"]))
        basket = m.Basket(currency=given["currency"], channel=given.get("channel", "marketplace"), lines=[line])
        if command == "check":
            return [partner.call("CheckCoupon", m.CheckCouponRequest(code=given["code"], customer_id=customer, basket=basket), m.CheckCouponResponse)]
        request = m.RedeemCouponRequest(idempotency_key=given["key"], code=given["code"], customer_id=customer, basket=basket)
        return [partner.call("RedeemCoupon", request, m.RedeemCouponResponse)]
    if command == "statement":
        return partner.statement(customer, int(given.get("after", 0)))
    raise SystemExit(__doc__)


def main():
    if len(sys.argv) < 3 or "PATRON_API_KEY" not in os.environ:
        raise SystemExit(__doc__)
    partner = Partner(sys.argv[1], os.environ["PATRON_API_KEY"], contract())
    try:
        for answer in run(partner, sys.argv[2], dict(word.split("=", 1) for word in sys.argv[3:])):
            print(json.dumps(json_format.MessageToDict(answer, including_default_value_fields=True), ensure_ascii=False))
    except grpc.RpcError as refused:
        print(f"{refused.code().name}: {refused.details()}", file=sys.stderr)
        raise SystemExit(1)


if __name__ == "__main__":
    main()
