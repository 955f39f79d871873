"""Mail that comes back, as several servers write it; made for these tests."""

from __future__ import annotations

import textwrap

KEY = "0123456789abcdef" * 2

ADDRESS = "jo@customer.example"


def letter_id(key: str = KEY) -> str:
    return f"<arsync.{key}@books.example>"


def _message(text: str) -> bytes:
    return textwrap.dedent(text).lstrip("\n").encode()


def postfix(
    key: str = KEY, address: str = ADDRESS, *, action: str = "failed", status: str = "5.1.1"
) -> bytes:
    """Return a report as Postfix writes it: the original's headers are returned alone."""
    return _message(f"""
        Return-Path: <>
        From: MAILER-DAEMON@mx.books.example (Mail Delivery System)
        Subject: Undelivered Mail Returned to Sender
        To: accounts@books.example
        Auto-Submitted: auto-replied
        MIME-Version: 1.0
        Content-Type: multipart/report; report-type=delivery-status;
            boundary="4D2A11.1606730000/mx.books.example"
        Message-Id: <20261120103000.4D2A1@mx.books.example>

        --4D2A11.1606730000/mx.books.example
        Content-Description: Notification
        Content-Type: text/plain; charset=us-ascii

        I'm sorry to have to inform you that your message could not be delivered.

        --4D2A11.1606730000/mx.books.example
        Content-Description: Delivery report
        Content-Type: message/delivery-status

        Reporting-MTA: dns; mx.books.example
        X-Postfix-Queue-ID: 4D2A1
        Arrival-Date: Fri, 20 Nov 2026 10:29:58 +0000 (UTC)

        Final-Recipient: rfc822; {address}
        Original-Recipient: rfc822;{address}
        Action: {action}
        Status: {status}
        Remote-MTA: dns; mail.customer.example
        Diagnostic-Code: smtp; 550 {status} <{address}>: Recipient address rejected:
            User unknown in virtual mailbox table

        --4D2A11.1606730000/mx.books.example
        Content-Description: Undelivered Message Headers
        Content-Type: text/rfc822-headers

        From: Accounts <accounts@books.example>
        To: Customer <{address}>
        Subject: Reminder
        Message-ID: {letter_id(key)}
        X-Arsync-Key: {key}

        --4D2A11.1606730000/mx.books.example--
        """)


def exchange(key: str = KEY, address: str = ADDRESS) -> bytes:
    """Return a report as Exchange Online writes it: HTML for people, and the whole original."""
    return _message(f"""
        From: <postmaster@books.example>
        To: <accounts@books.example>
        Subject: Undeliverable: Reminder
        Content-Type: multipart/report; report-type=delivery-status;
            boundary="_9c1b_"
        X-MS-Exchange-Message-Is-Ndr:
        Content-Language: en-US
        Message-ID: <b0e9@VI1.eurprd01.prod.exchangelabs.com>
        In-Reply-To: {letter_id(key)}
        References: {letter_id(key)}
        MIME-Version: 1.0

        --_9c1b_
        Content-Type: multipart/alternative; differences=Content-Type; boundary="_inner_"

        --_inner_
        Content-Type: text/plain; charset="us-ascii"

        Your message to {address} couldn't be delivered.
        jo wasn't found at customer.example.

        --_inner_
        Content-Type: text/html; charset="us-ascii"

        <html><body><p>jo wasn't found at customer.example.</p></body></html>

        --_inner_--

        --_9c1b_
        Content-Type: message/delivery-status

        Reporting-MTA: dns;VI1PR01MB1234.eurprd01.prod.exchangelabs.com
        Received-From-MTA: dns;mail.books.example
        Arrival-Date: Fri, 20 Nov 2026 10:30:01 +0000

        Final-Recipient: rfc822;{address.upper()}
        Action: failed
        Status: 5.1.10
        Diagnostic-Code: smtp;550 5.1.10 RESOLVER.ADR.RecipientNotFound; Recipient not found
         by SMTP address lookup

        --_9c1b_
        Content-Type: message/rfc822

        From: Accounts <accounts@books.example>
        To: Customer <{address}>
        Subject: Reminder
        Message-ID: {letter_id(key)}
        MIME-Version: 1.0
        Content-Type: text/plain; charset="utf-8"

        Dear Customer, ...

        --_9c1b_--
        """)


def gmail(key: str = KEY, address: str = ADDRESS) -> bytes:
    """Return a report as Gmail writes it: related parts first, and the icon that goes with them."""
    return _message(f"""
        Return-Path: <>
        Content-Type: multipart/report; boundary="000000000000a1"; report-type=delivery-status
        To: accounts@books.example
        From: Mail Delivery Subsystem <mailer-daemon@googlemail.com>
        Subject: Delivery Status Notification (Failure)
        References: {letter_id(key)}
        In-Reply-To: {letter_id(key)}
        X-Failed-Recipients: {address}
        Auto-Submitted: auto-replied
        Message-ID: <65f@mx.google.com>
        MIME-Version: 1.0

        --000000000000a1
        Content-Type: multipart/related; boundary="000000000000b2"

        --000000000000b2
        Content-Type: text/plain; charset="UTF-8"

        ** Address not found **
        Your message wasn't delivered to {address} because the address couldn't be found.

        --000000000000b2
        Content-Type: image/png; name="icon.png"
        Content-Transfer-Encoding: base64

        iVBORw0KGgo=

        --000000000000b2--

        --000000000000a1
        Content-Type: message/delivery-status

        Reporting-MTA: dns; googlemail.com
        Arrival-Date: Fri, 20 Nov 2026 02:30:00 -0800 (PST)
        X-Original-Message-ID: {letter_id(key)}

        Final-Recipient: rfc822; {address}
        Action: failed
        Status: 5.1.1
        Remote-MTA: dns; gmail-smtp-in.l.google.com.
        Diagnostic-Code: smtp; 550-5.1.1 The email account that you tried to reach does not exist.
         550 5.1.1 For more information, go to https://support.google.com/mail/?p=NoSuchUser
        Last-Attempt-Date: Fri, 20 Nov 2026 02:30:01 -0800 (PST)

        --000000000000a1
        Content-Type: message/rfc822

        From: Accounts <accounts@books.example>
        Message-ID: {letter_id(key)}
        Subject: Reminder

        Dear Customer, ...

        --000000000000a1--
        """)


def spam_refused(key: str = KEY) -> bytes:
    """Return a report that the letter was taken for spam: the address is a good one."""
    return postfix(key, status="5.7.1").replace(
        b"Recipient address rejected:\n    User unknown in virtual mailbox table",
        b"Message rejected as spam by Content Filtering",
    )


def out_of_office(key: str = KEY) -> bytes:
    """Return an automatic reply (RFC 3834)."""
    return _message(f"""
        From: Jo <{ADDRESS}>
        To: accounts@books.example
        Subject: =?utf-8?q?Automatic_reply=3A_Reminder_=E2=80=93_until_Monday?=
        Auto-Submitted: auto-replied
        X-Auto-Response-Suppress: All
        In-Reply-To: {letter_id(key)}
        Message-ID: <oof@customer.example>

        I am out of the office. Your address jo@customer.example failed with 550 5.1.1.
        """)


def answer(key: str = KEY) -> bytes:
    """Return a person's reply, deep in a conversation."""
    return _message(f"""
        From: Jo <{ADDRESS}>
        To: accounts@books.example
        Subject: Re: Reminder
        In-Reply-To: <somebody.else@example.org>
        References: {letter_id("f" * 32)} {letter_id(key)} <somebody.else@example.org>
        Message-ID: <re@customer.example>

        We paid yesterday.
        """)


def advertisement() -> bytes:
    """Return mail that is about no letter, though it speaks of one."""
    return _message(f"""
        From: Sales <sales@shop.example>
        Subject: Undelivered Mail Returned to Sender
        Message-ID: <ad@shop.example>

        Your letter {letter_id()} to {ADDRESS} failed: 550 5.1.1 user unknown.
        """)
