"""The methods of Slack's Web API that an app like paybot uses: each takes the workspace and a call, and answers or refuses."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from sandbox.workspace.methods import chat, directory, uploads
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
    "conversations.history": chat.history,
    "conversations.info": directory.conversations_info,
    "files.completeUploadExternal": uploads.complete_upload,
    "files.getUploadURLExternal": uploads.ask_upload,
    "files.info": uploads.files_info,
    "users.conversations": directory.users_conversations,
    "users.info": directory.users_info,
}
