"""/dashboard/program/...: the program, its draft and its versions."""

from __future__ import annotations

from django.urls import path

from loyalty.dashboard import (
    campaign_calendar,
    goods,
    product_points,
    program_file,
    program_translations,
    program_trying,
    program_versions,
    program_views,
    what_if,
)

PROGRAM = [
    path("program/", program_views.program, name="program"),
    path("program/campaigns/", campaign_calendar.campaigns, name="campaigns"),
    path("program/products/", product_points.product_points, name="product_points"),
    path("program/publish/", program_versions.program_publish, name="program_publish"),
    path("program/discard/", program_versions.program_discard, name="program_discard"),
    path("program/file/", program_file.program_file, name="program_file"),
    path("program/translations/", program_translations.program_translations, name="program_translations"),
    path("program/try/", program_trying.program_try, name="program_try"),
    path("program/what-if/", what_if.what_if, name="what_if"),
    path("program/what-if/stop/", what_if.what_if_stop, name="what_if_stop"),
    path("program/pause/", program_versions.program_pause, name="program_pause"),
    path("program/versions/", program_versions.program_versions, name="program_versions"),
    path("program/versions/<int:number>/withdraw/", program_versions.program_withdraw, name="program_withdraw"),
    path("program/versions/<int:number>/back/", program_versions.program_back, name="program_back"),
    path("program/add/<str:part>/", program_views.program_add, name="program_add"),
    path("program/set/<str:part>/", program_views.program_edit, name="program_set"),
    path("program/goods/<str:part>/", goods.program_goods, name="program_goods"),
    path("program/reads/<str:part>/", program_views.program_reads, name="program_reads"),
    path("program/change/<str:part>/<path:item_id>/", program_views.program_change, name="program_change"),
    path("program/edit/<str:part>/<path:item_id>/", program_views.program_edit, name="program_edit"),
]
