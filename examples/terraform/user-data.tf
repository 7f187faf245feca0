locals {
  user_data = {
    for node, peer in { a = "b", b = "a" } : node => templatefile("${path.module}/user-data.sh.tftpl", {
      package_url     = var.package_url
      package_sha256  = var.package_sha256
      cluster         = var.cluster
      vip             = var.vip
      route_tables    = var.route_tables
      source          = local.addresses[node]
      peer            = local.addresses[peer]
      priority        = { a = 150, b = 100 }[node]
      session_manager = var.session_manager
      agent_releases  = local.agent_releases
    })
  }
}
