output "vip" {
  description = "The virtual IP. Clients reach it from every subnet that uses one of the route tables."
  value       = var.vip
}

output "security_group_id" {
  description = "Of the nodes. Add rules for the service that the VIP is for."
  value       = aws_security_group.nodes.id
}

output "instance_ids" {
  description = "Of the nodes; a is MASTER first."
  value       = { for node, instance in aws_instance.node : node => instance.id }
}

output "log_in" {
  description = "Opens a shell on each node, with session_manager."
  value = var.session_manager ? {
    for node, instance in aws_instance.node : node => "aws ssm start-session --region ${local.region} --target ${instance.id}"
  } : {}
}

output "next" {
  description = "To run on the nodes."
  value = {
    once   = "cloud-init status --wait"
    doctor = "sudo vip-switch doctor"
    status = "sudo vip-switch status"
    drill  = "sudo systemctl stop keepalived"
  }
}
