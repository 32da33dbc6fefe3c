"""What a run says while it goes on and when it has ended: lines, events, mails."""
