"""`views.*`: modals that the bot opens, and the Homes that it publishes."""

from __future__ import annotations

from sandbox.workspace.methods.call import Call, Json
from sandbox.workspace.refused import Refused
from sandbox.workspace.workspace import Workspace


def views_open(workspace: Workspace, call: Call) -> Json:
    trigger, view = call.text("trigger_id"), call.parsed("view")
    if not trigger or view is None:
        raise Refused("invalid_arguments", f"missing required field: {'view' if trigger else 'trigger_id'}")
    return {"view": workspace.open_view(trigger, view).body}


def views_publish(workspace: Workspace, call: Call) -> Json:
    user, view = call.text("user_id"), call.parsed("view")
    if not user or view is None:
        raise Refused("invalid_arguments", f"missing required field: {'view' if user else 'user_id'}")
    return {"view": workspace.publish_home(user, view, call.text("hash"))}
