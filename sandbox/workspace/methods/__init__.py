"""The methods of Slack's Web API that an app like paybot uses: each takes the workspace and a call, and answers or refuses."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from sandbox.workspace.methods import chat, directory, history, modals, uploads
from sandbox.workspace.methods.call import Call, Json
from sandbox.workspace.workspace import Workspace

METHODS: Mapping[str, Callable[[Workspace, Call], Json]] = {
    "auth.test": directory.auth_test,
    "bots.info": directory.bots_info,
    "chat.delete": chat.delete,
    "chat.getPermalink": chat.permalink,
    "chat.postEphemeral": chat.post_ephemeral,
    "chat.postMessage": chat.post_message,
    "chat.update": chat.update,
    "conversations.history": history.history,
    "conversations.info": directory.conversations_info,
    "conversations.replies": history.replies,
    "files.completeUploadExternal": uploads.complete_upload,
    "files.getUploadURLExternal": uploads.ask_upload,
    "files.info": uploads.files_info,
    "usergroups.list": directory.usergroups_list,
    "usergroups.users.list": directory.usergroups_users_list,
    "users.conversations": directory.users_conversations,
    "users.info": directory.users_info,
    "views.open": modals.views_open,
    "views.publish": modals.views_publish,
}
SCOPES: Mapping[str, str] = {  # what a call needs; what is not named needs none
    "bots.info": "users:read",
    "chat.delete": "chat:write",
    "chat.postEphemeral": "chat:write",
    "chat.postMessage": "chat:write",
    "chat.update": "chat:write",
    "conversations.history": "channels:history",
    "conversations.info": "channels:read",
    "conversations.replies": "channels:history",
    "files.completeUploadExternal": "files:write",
    "files.getUploadURLExternal": "files:write",
    "files.info": "files:read",
    "usergroups.list": "usergroups:read",
    "usergroups.users.list": "usergroups:read",
    "users.conversations": "channels:read",
    "users.info": "users:read",
}
